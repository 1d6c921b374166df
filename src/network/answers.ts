/** What an answer that is no success means, in our words. */
import type { Failure } from '../domain/outcome.ts';
import { headerText } from './headers.ts';
import type { HttpAnswer } from './http.ts';

const MESSAGE_LENGTH_MAX = 300;

/** The `{code, message}` that many vendors answer errors with; null and the raw text where there is none. */
export interface VendorError {
  readonly code: number | null;
  readonly message: string;
}

export function vendorError(answer: HttpAnswer): VendorError {
  const parsed = parseJson(answer.text);
  if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
    const code = 'code' in parsed ? Number(parsed.code) : Number.NaN;
    return {
      code: Number.isFinite(code) ? code : null,
      message: String(parsed.message).slice(0, MESSAGE_LENGTH_MAX),
    };
  }
  // A proxy's error page says nothing to a person reading one line.
  const isPage = /^\s*</.test(answer.text);
  return { code: null, message: isPage ? 'an HTML page' : answer.text.trim().slice(0, MESSAGE_LENGTH_MAX) };
}

/** @param what names the request: `GET /v2/account`. */
export function failureOfAnswer(what: string, answer: HttpAnswer): Failure {
  const { code, message } = vendorError(answer);
  // Support asks for it, and it cannot be looked up later.
  const requestId = headerText(answer.headers, 'x-request-id');
  return {
    kind: kindOfStatus(answer.status),
    message: `${what} was answered ${answer.status}${code === null ? '' : ` (${code})`}: ${message}${
      requestId === undefined ? '' : ` [request ${requestId}]`
    }`,
    httpStatus: answer.status,
    ...(code === null ? {} : { vendorCode: code }),
    ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
  };
}

function kindOfStatus(status: number): Failure['kind'] {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not_found';
    case 408:
    case 425:
      return 'timeout';
    case 429:
      return 'rate_limited';
    default:
      if (status >= 500) return 'server_error';
      return status >= 400 ? 'invalid' : 'malformed_answer';
  }
}

/** Undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
