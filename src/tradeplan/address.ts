/** Addresses that may be used: `https` and `wss` anywhere, plain `http` and `ws` on this machine only. */
import type { Violation } from '../domain/exit.ts';

export type AddressKind = 'http' | 'websocket';

const PROTOCOLS: Readonly<Record<AddressKind, { readonly secure: string; readonly plain: string }>> = {
  http: { secure: 'https:', plain: 'http:' },
  websocket: { secure: 'wss:', plain: 'ws:' },
};

export const NOT_SHOWN = '[not shown]';

export type AddressResult =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly violation: Violation };

/** Reads the address in the variable or key `path`. Credentials, a query or a fragment in it are refused. */
export function parseAddress(path: string, text: string, kind: AddressKind): AddressResult {
  const { secure, plain } = PROTOCOLS[kind];
  const refuse = (found: string, allowed: string): AddressResult => ({
    ok: false,
    violation: { path, found, allowed },
  });
  const shape = `an address such as ${secure}//host or ${plain}//127.0.0.1:8080`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A text without a host may be anything, a key pasted in the wrong place too.
  if (url === undefined || url.hostname === '') return refuse(NOT_SHOWN, shape);
  const found = `${url.protocol}//${url.host}`;
  if (url.username !== '' || url.password !== '') {
    return refuse(found, 'an address without user name and password in it');
  }
  if (url.protocol !== secure && url.protocol !== plain) return refuse(found, shape);
  if (url.protocol === plain && !isLoopback(url)) {
    return refuse(found, `${secure}// (unencrypted ${plain}// is for addresses of this machine only)`);
  }
  if (url.search !== '' || url.hash !== '') return refuse(found, 'an address without ? and #');
  return { ok: true, url };
}

/** Whether the host is this machine by its own name or number: nothing that a name server could redirect. */
export function isLoopback(url: URL): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The host in lower case, without the final dot that means the same host. */
export function hostOf(url: URL): string {
  return url.hostname.toLowerCase().replace(/\.$/, '');
}

/** The address as text without slashes at its end. */
export function addressText(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
