import { describe, expect, it } from 'vitest';
import { failureOfAnswer, vendorError } from '../../src/network/answers.ts';
import { retryAfterMs } from '../../src/network/headers.ts';

const NOW_MS = Date.parse('2026-11-20T15:00:00Z');
const NOW_SECONDS = NOW_MS / 1_000;

describe('when to come back', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['a date', { 'retry-after': 'Fri, 20 Nov 2026 15:00:30 GMT' }, 30_000],
    ['a date that is over', { 'retry-after': 'Fri, 20 Nov 2026 14:00:00 GMT' }, 0],
    ['the reset of the rate limit', { 'x-ratelimit-reset': String(NOW_SECONDS + 12) }, 12_000],
    [
      'the first where both are there',
      { 'retry-after': '1', 'x-ratelimit-reset': String(NOW_SECONDS + 12) },
      1_000,
    ],
    ['nothing', {}, undefined],
    ['nothing that can be read', { 'retry-after': 'soon' }, undefined],
  ])('is read from %s', (_name, headers, expected) => {
    expect(retryAfterMs(headers, NOW_MS)).toBe(expected);
  });
});

describe('an error answer', () => {
  const answer = (text: string, status = 403) => ({ status, headers: {}, text, retryAfterMs: undefined });

  it.each([
    [
      'code and message',
      '{"code":40310000,"message":"insufficient buying power","cost_basis":"1"}',
      40310000,
    ],
    ['a code as text', '{"code":"40310000","message":"insufficient buying power"}', 40310000],
    ['no code', '{"message":"insufficient buying power"}', null],
  ])('is read with %s', (_name, text, code) => {
    expect(vendorError(answer(text))).toEqual({ code, message: 'insufficient buying power' });
  });

  it('does not show a proxy page to a person', () => {
    expect(vendorError(answer('<!doctype html><html>...</html>', 503)).message).toBe('an HTML page');
  });

  it('is one line with what was asked and what came back', () => {
    const refused = answer('{"code":40310000,"message":"forbidden."}');
    const headers = { 'x-request-id': '5d2f' };
    expect(failureOfAnswer('GET /v2/account', { ...refused, headers })).toEqual({
      kind: 'forbidden',
      message: 'GET /v2/account was answered 403 (40310000): forbidden. [request 5d2f]',
      httpStatus: 403,
      vendorCode: 40310000,
    });
  });
});
