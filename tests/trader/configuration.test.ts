import { expect, it } from 'vitest';
import { answerTimeoutMs } from '../../src/desk/config.ts';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import { type BatchContext, brokerConfigOf } from '../../src/trader/configuration.ts';

it.each(['100ms', '1s', '10s', '5m'])(
  'an order that waits for the rate limit is given up unsent before it could count as of unknown fate (%s)',
  (timeout) => {
    const strategies = 'strategies: [{name: momentum-long, symbols: [AAPL]}]';
    const parsed = parseTradeplan(
      `mode: paper\nlimits: {submit_timeout: ${timeout}}\n${strategies}\n`,
      '/plan.yaml',
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
    const { plan } = parsed;
    const access = { keyId: 'k', secretKey: 's', baseUrl: 'http://127.0.0.1:1' };
    const config = brokerConfigOf({
      plan,
      environment: { alpaca: access },
    } as unknown as BatchContext);
    if (config.broker !== 'alpaca') throw new Error(`the broker is ${config.broker}`);
    const { queueTimeoutMs, requestTimeoutMs } = config.limits;
    expect(requestTimeoutMs).toBe(plan.limits.submitTimeoutMs);
    expect(queueTimeoutMs).toBeGreaterThan(0);
    expect(queueTimeoutMs + requestTimeoutMs).toBeLessThanOrEqual(answerTimeoutMs(plan));
  },
);
