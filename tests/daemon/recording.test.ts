import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readInbox } from '../../src/tape/inbox.ts';
import { type TapeInfo, type TapeVerification, tapeInfo } from '../../src/tape/info.ts';
import { TapeReader } from '../../src/tape/reader.ts';
import { intentsAtDesk, rerunHost } from '../recorder/rerun.ts';
import { logOf, openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Buys and sells in turn, every tenth trade, with a timer and the dice, and looks at bars and history. */
const BUSY = `
  warmUp: () => ({ minuteBars: 30 }),
  initialState: () => ({ trades: 0, bars: 0 }),
  onStart(context) {
    context.state.bars = context.minuteBars.length;
    context.setTimer('look', context.nowMicros + 1_000_000);
  },
  onTimer(context) {
    context.setTimer('look', context.nowMicros + 1_000_000);
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % 10 !== 0 || context.openOrders.length > 0) return;
    if (context.random() < 0.2) return;
    if (context.position.quantity === 0) context.buy({ quantity: 1, reason: 'in', indicators: { bars: context.state.bars } });
    else context.sell({ quantity: 1, reason: 'out' });
  },`;

/** A busy machine takes its time. */
const START_TIMEOUT_MS = 90_000;
const workshops: Workshop[] = [];
afterAll(() => {
  for (const workshop of workshops) workshop.close();
});

function workshopOf(name: string, record: unknown, rate = 400) {
  const workshop = openWorkshop(name);
  workshops.push(workshop);
  const symbols = ['AAPL', 'MSFT', 'NVDA'];
  const plan = workshop.plan({
    mode: 'simulated',
    consumers: 2,
    strategies: [{ path: workshop.strategy('busy', BUSY), symbols }],
    risk: { max_orders_per_minute: 10_000 },
    simulation: { symbols, rate },
    record,
  });
  return { workshop, plan };
}

/** All tapes of a source, in order. */
function tapesOf(workshop: Workshop, source: string): string[] {
  const directory = join(workshop.directory, 'data', 'tapes');
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes(`/${source}-`) && name.endsWith('.tape'))
    .sort()
    .map((name) => join(directory, name));
}

/** The local exchange plays the tape: its trades come again. */
async function expectPlayed(tape: string): Promise<void> {
  const exchange = startOpenbell(['sim', '--tape', tape, '--json']);
  try {
    await exchange.heard('"port"');
    const { env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> };
    const headers = {
      'APCA-API-KEY-ID': env.APCA_API_KEY_ID ?? '',
      'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY ?? '',
    };
    const latest = async () => {
      const answer = await fetch(`${env.APCA_API_DATA_URL}/v2/stocks/AAPL/trades/latest`, { headers });
      return answer.ok ? ((await answer.json()) as { trade: { p: number } }).trade.p : undefined;
    };
    await until(async () => (await latest()) !== undefined, { what: 'a trade of AAPL', timeoutMs: 60_000 });
    const prices = new Set<number | undefined>();
    const reader = await TapeReader.open({ path: tape });
    for await (const batch of reader)
      for (let row = 0; row < batch.count; row += 1)
        if (reader.symbols.textOf(batch.symbolId[row] ?? 0) === 'AAPL') prices.add(batch.n0[row]);
    expect(prices).toContain(await latest());
  } finally {
    exchange.child.kill('SIGTERM');
    await exchange.finished;
  }
}

describe('a recorded daemon', () => {
  it('leaves the market once and each inbox, packed: run again, the strategies decide the same', async () => {
    const { workshop, plan } = workshopOf('recording', { min_free_mb: 0 });
    const daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    await daemon.heard('Trading, batch', START_TIMEOUT_MS);
    await until(() => logOf(daemon).filter(({ msg }) => msg === 'fill').length >= 6, {
      what: 'six fills',
      timeoutMs: 60_000,
    });
    await until(async () => ((await statusOf(workshop))?.recording?.sources.length ?? 0) === 4, {
      what: 'four sources',
    });
    const recording = (await statusOf(workshop))?.recording;
    expect(recording?.failure).toBeNull();
    expect(recording?.sources.map(({ source }) => source).sort()).toEqual([
      'consumer A',
      'consumer B',
      'desk',
      'market',
    ]);
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);

    const market = tapesOf(workshop, 'market');
    const info = await openbellJson<TapeInfo>(['tape', 'info', market[0] ?? '']);
    expect(info).toMatchObject({ compression: 'deflate', tornBytes: 0, damages: [] });
    expect(info.symbols).toEqual(['AAPL', 'MSFT', 'NVDA']);
    expect(info.segments[0]).toMatchObject({ kind: 'market', labels: { machine: 'market' } });
    expect(info.rowsByKind.trade).toBeGreaterThan(100);
    expect(info.rowsByKind.quote).toBeGreaterThan(100);

    const desk = tapesOf(workshop, 'desk');
    let decided = 0;
    for (const consumer of ['A', 'B']) {
      const rerun = await rerunHost({ inbox: tapesOf(workshop, `consumer-${consumer}`), market });
      expect(rerun).toMatchObject({ lost: 0, faults: [] });
      expect(rerun.batches).toBeGreaterThan(10);
      expect(rerun.intents).toEqual(await intentsAtDesk({ inbox: desk, market }, consumer));
      decided += rerun.intents.length;
    }
    expect(decided).toBeGreaterThanOrEqual(6);
    await expectPlayed(market[0] ?? '');
  }, 240_000);

  it('killed amid the writing: all tapes can be read, a torn end is cut, the next start packs them', async () => {
    const { workshop, plan } = workshopOf('killed', { max_segment_mb: 1, min_free_mb: 0 }, 8_000);
    const daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    await daemon.heard('Trading, batch', START_TIMEOUT_MS);
    const lastOf = (paths: readonly string[]) => paths.at(-1) ?? '';
    await until(
      () => {
        const paths = tapesOf(workshop, 'market');
        return paths.length >= 2 && statSync(lastOf(paths)).size > 300_000;
      },
      { what: 'a second tape of the market with many rows', timeoutMs: 60_000 },
    );
    daemon.child.kill('SIGKILL');
    await daemon.finished;

    const tapes = tapesOf(workshop, 'market');
    const last = lastOf(tapes);
    const whole = await openbellJson<TapeInfo>(['tape', 'info', last]);
    // A loss of power leaves half a block behind.
    truncateSync(last, statSync(last).size - 7);
    const torn = await openbellJson<TapeInfo>(['tape', 'info', last]);
    expect(torn.tornBytes).toBeGreaterThan(0);
    expect(torn.rows).toBeLessThanOrEqual(whole.rows);
    expect((await openbell(['tape', 'verify', last])).exitCode).toBe(0);

    for (const source of ['consumer-A', 'consumer-B', 'desk']) {
      let entries = 0;
      for await (const entry of readInbox({ inbox: tapesOf(workshop, source), market: tapes }))
        if (entry.type !== 'lost') entries += 1;
      expect(entries, source).toBeGreaterThan(10);
    }

    // It need not be as busy as the one before.
    writeFileSync(plan, readFileSync(plan, 'utf8').replace('rate: 8000', 'rate: 100'));
    const next = startOpenbell(['trade', plan, ...workshop.storage]);
    await next.heard('Trading, batch', START_TIMEOUT_MS);
    await until(async () => (await tapeInfo(last)).compression === 'deflate', {
      what: 'the torn tape to be packed',
      timeoutMs: 60_000,
    });
    next.child.kill('SIGTERM');
    await next.finished;
    expect(await openbellJson<TapeInfo>(['tape', 'info', last])).toMatchObject({
      tornBytes: 0,
      rows: torn.rows,
    });

    const damaged = readFileSync(tapes[0] ?? '');
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
    writeFileSync(tapes[0] ?? '', damaged);
    const verified = await openbell(['tape', 'verify', tapes[0] ?? '', '--json']);
    expect(verified.exitCode).toBe(1);
    expect((JSON.parse(verified.stdout) as TapeVerification).damages).toHaveLength(1);
  }, 240_000);
});
