import { connect } from 'node:net';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';

describe('the tests', () => {
  it.each([
    'http://198.51.100.7/',
    'https://paper-api.alpaca.markets/v2/account',
    'https://data.alpaca.markets/',
  ])('cannot reach %s', async (url) => {
    await expect(request(url)).rejects.toThrow(/only loopback is allowed/);
  });

  it('cannot open a plain connection to another machine', () => {
    expect(() => connect(443, '198.51.100.7')).toThrow(/only loopback is allowed/);
    expect(() => connect({ port: 443, host: 'stream.data.alpaca.markets' })).toThrow(
      /only loopback is allowed/,
    );
  });
});
