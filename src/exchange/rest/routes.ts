/** What the exchange answers to which request. Nothing here knows a socket: the same routes can be asked in process. */
import type { Refusal } from './refusals.ts';

export interface HttpRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The path's variables, by the names in the route's pattern. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer: a body to be sent as JSON, nothing (204), or what becomes of a lost one. */
export type HttpAnswer =
  | Refusal
  | { readonly status: number; readonly body: unknown }
  | { readonly lost: 'reset' | 'unavailable' | 'hang' };

export interface Route {
  readonly method: string;
  /** `/v2/orders/{id}`: a segment in braces matches anything up to the next slash, decoded. */
  readonly pattern: string;
  /** Answered without keys, as Alpaca's crypto data is. */
  readonly isPublic?: boolean;
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
}

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'];

interface Compiled {
  readonly route: Route;
  readonly expression: RegExp;
  readonly names: readonly string[];
}

export class Router {
  readonly #routes: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => compile(route));
  }

  /** The first route of the method that matches the path, with the path's variables. */
  find(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const { route, expression, names } of this.#routes) {
      if (route.method !== method) continue;
      const match = expression.exec(path);
      if (match === null) continue;
      const params: Record<string, string> = {};
      for (const [index, name] of names.entries()) params[name] = decoded(match[index + 1] ?? '');
      return { route, params };
    }
    return undefined;
  }

  /** Whether the path has a route by any method. */
  knows(path: string): boolean {
    return METHODS.some((method) => this.find(method, path) !== undefined);
  }
}

function compile(route: Route): Compiled {
  const names: string[] = [];
  const source = route.pattern
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
  return { route, expression: new RegExp(`^${source}/?$`), names };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
