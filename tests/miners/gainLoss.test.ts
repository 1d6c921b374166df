import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../../src/domain/decimal.ts';
import { MICROS_PER_DAY } from '../../src/domain/time.ts';
import { gainLoss } from '../../src/miners/builtin/gainLoss.ts';
import type { MinedFill, MinedRows, MinerContext, Traded } from '../../src/miners/contract.ts';

const NOW_MICROS = 100 * MICROS_PER_DAY;

/** `1 buy 100`: of run 1, on the day of its place in the list. */
function fillOf(text: string, index: number): MinedFill {
  const [algoRunId = '', side = '', price = ''] = text.split(' ');
  return {
    ...{
      fillId: String(index),
      algoRunId,
      batchId: `batch-${algoRunId}`,
      instanceId: 'i',
      environment: 'PAPER',
    },
    ...{ symbol: 'KO', side: side as 'buy' | 'sell', quantity: decimal('1'), price: decimal(price) },
    ...{ fee: ZERO, stopPrice: null, portfolioId: null, executedAtMicros: index * MICROS_PER_DAY },
  };
}

/** What is yielded, as `gain_loss 1=10` and, where a run is written whole, `gain_loss! 1=10`. */
async function mined(fills: readonly string[], of: { days?: number; takenBack?: readonly Traded[] } = {}) {
  const context = {
    ...{ parameters: of.days === undefined ? {} : { days: of.days }, nowMicros: NOW_MICROS },
    takenBack: async () => of.takenBack ?? [],
    fills: async function* () {
      yield* fills.map(fillOf);
    },
    ...{ progress: () => undefined, log: () => undefined },
  } as Partial<MinerContext<{ days?: number }>> as MinerContext<{ days?: number }>;
  const yielded: MinedRows[] = [];
  for await (const rows of gainLoss.mine(context)) yielded.push(rows);
  return yielded.flatMap((rows) => {
    if (rows.table !== 'gain_loss' && rows.table !== 'trade_analysis') return [];
    const isWhole = rows.whole !== undefined && rows.whole.length > 0;
    const found = rows.rows.map((row) => `${row.algoRunId}=${formatDecimal(row.gainValue)}`).join(' ');
    return found === '' && !isWhole ? [] : [`${rows.table}${isWhole ? '!' : ''} ${found}`.trim()];
  });
}

describe('the miner of gains', () => {
  const fills = ['1 buy 100', '1 sell 110', '2 buy 100', '3 sell 90', '3 buy 50', '3 sell 55'];

  it('sums up each run, and gives a round trip to the run that began it', async () => {
    expect(await mined(fills)).toEqual(['trade_analysis 1=10 2=-10 3=5', 'gain_loss 1=10 3=-5']);
  });

  it('leaves out what was closed before the days that count, and knows what it had cost', async () => {
    // The fills are a hundred days old, one a day.
    expect(await mined(fills, { days: 97 })).toEqual(['trade_analysis 2=-10 3=5', 'gain_loss 3=-5']);
    expect(await mined(fills, { days: 1 })).toEqual([]);
  });

  it('writes runs whole of which a fill was taken back, whatever the days', async () => {
    const takenBack = ['2', '3'].map((algoRunId) => ({ symbol: 'KO', algoRunId }));
    const left = fills.filter((fill) => fill !== '3 sell 90');
    // Nothing closes what the second run bought, before the third sells it.
    expect(await mined(left, { takenBack, days: 1 })).toEqual(['trade_analysis!', 'gain_loss! 3=-20']);
    expect(await mined(left, { takenBack })).toEqual([
      'trade_analysis 1=10',
      'trade_analysis!',
      'gain_loss 1=10',
      'gain_loss! 3=-20',
    ]);
  });
});
