import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { builtinMiners } from '../../src/miners/registry.ts';
import { loadTradeplan, parseTradeplan } from '../../src/tradeplan/load.ts';
import { planSchema } from '../../src/tradeplan/schema.ts';
import { prepareMiners } from '../../src/trader/mining/miners.ts';

const root = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const example = root('tradeplan.example.yaml');
const MINERS = /^# miners:\n(?:# {3}.*\n)+/m;

describe('tradeplan.example.yaml', () => {
  it('is valid, simulated, and trades both built-in strategies, one of them fed by a scanner', () => {
    const plan = loadTradeplan(example);
    expect(plan.mode).toBe('simulated');
    expect(plan.strategies.map(({ name, scanners }) => ({ name, scanners }))).toEqual([
      { name: 'momentum-long', scanners: ['movers'] },
      { name: 'vwap-reversion', scanners: [] },
    ]);
    expect(plan.scanners[0]?.schedules).toEqual([{ type: 'interval', everyMs: 60_000 }]);
    expect(plan.simulation.symbols).toHaveLength(20);
  });

  it('explains every key there is', () => {
    const text = readFileSync(example, 'utf8');
    const missing = keysOf(z.toJSONSchema(planSchema, { io: 'input' })).filter(
      (key) => !new RegExp(`\\b${key}:`).test(text),
    );
    expect(missing).toEqual([]);
  });

  it('tells the truth in its comments: what stands behind a # is the default', () => {
    // Miners have no default that could stand there: what does is an example, below.
    const text = readFileSync(example, 'utf8').replace(MINERS, '');
    const uncommented = text.replace(
      /^( *(?:- )?)# ?((?: {2})?(?:limits|[a-z_]+): ?[^\n]*)$/gm,
      (line, indent, rest) =>
        /webhook|command|metrics|port: |host: |timeout: 10s|alerts|cron|every|at:|tape|symbols|max_order_quantity|simulated|paper|live|intraday|portfolio|risk:|max_notional|max_drawdown|max_gross|max_position_quantity|max_order_notional: 5000|max_open_orders: 10|max_orders_per_minute: 20|max_daily_loss: 500|max_position_notional: 5000|_per_symbol|price_collar_percent: 1|TSLA|extended|path/.test(
          rest,
        )
          ? line
          : `${indent}${rest}`,
    );
    const result = parseTradeplan(uncommented, example);
    expect(result).toEqual({ ok: true, plan: loadTradeplan(example) });
    expect(uncommented).toMatch(/^provider: alpaca/m);
    expect(uncommented).toMatch(/^ {2}max_waiting_trades: 65536/m);
  });
});

describe("the example's miners", () => {
  it('can be used by removing the #', () => {
    const text = readFileSync(example, 'utf8').replace(MINERS, (block) => block.replaceAll(/^# /gm, ''));
    const result = parseTradeplan(text, example);
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    expect(prepareMiners(result.plan.miners).violations).toEqual([]);
    expect(result.plan.miners.map(({ name }) => name)).toEqual(builtinMiners.map(({ name }) => name));
  });
});

describe('tradeplan.schema.json', () => {
  it('is what the schema says today (npx vitest run tests/tradeplan -u writes it)', async () => {
    const schema = z.toJSONSchema(planSchema, { io: 'input' });
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(root('tradeplan.schema.json'));
  });
});

function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}
