/** Answers that refuse a request, with the bodies Alpaca sends. */
export interface Refusal {
  readonly status: number;
  readonly body: { readonly message: string; readonly code?: number; readonly [field: string]: unknown };
}

export function refuse(
  status: number,
  code: number,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): Refusal {
  return { status, body: { code, message, ...fields } };
}

/** Bad key: there is no code in the body. */
export const UNAUTHORIZED: Refusal = { status: 401, body: { message: 'unauthorized.' } };
export const RATE_LIMITED: Refusal = refuse(429, 42_910_000, 'rate limit exceeded');

export function forbidden(message: string, fields: Readonly<Record<string, unknown>> = {}): Refusal {
  return refuse(403, 40_310_000, message, fields);
}

export function notFound(message: string): Refusal {
  return refuse(404, 40_410_000, message);
}

/** The request cannot be read: a missing or malformed field. */
export function malformed(message: string): Refusal {
  return refuse(422, 40_010_001, message);
}

/** The request can be read, and breaks a rule of trading. */
export function unprocessable(message: string): Refusal {
  return refuse(422, 42_210_000, message);
}

/** Of the data REST, whose bodies carry a message only. */
export function badRequest(message: string): Refusal {
  return { status: 400, body: { message } };
}

export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'body' in value && typeof value.status === 'number';
}
