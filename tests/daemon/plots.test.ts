/** A strategy's own series, from its handler to the report, live and in a backtest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRow, TradeRow } from '../../src/models/contract.ts';
import type { ReportDocument } from '../../src/report/document.ts';
import { openWorkshop, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Draws the price and how much it has seen, and buys once. */
const DRAWING = `
  channels: ['trades', 'bars'],
  initialState: () => ({ seen: 0 }),
  ...onEachPrice((context, { price }) => {
    context.state.seen += 1;
    context.plot('close by', price);
    context.plot('seen', context.state.seen * 1e6);
    if (context.state.seen === 3) context.buy({ quantity: 1, reason: 'to be drawn' });
  }),`;

describe("a strategy's own series", () => {
  let workshop: Workshop;
  let plan: string;

  beforeAll(() => {
    workshop = openWorkshop('plots');
    workshop.strategy('drawing', DRAWING, "import { onEachPrice } from 'openbell';");
    plan = workshop.plan({
      mode: 'simulated',
      consumers: 1,
      strategies: [{ path: './drawing.ts', symbols: ['AAPL'] }],
      simulation: { seed: 11, symbols: ['AAPL'], rate: 50 },
    });
  });
  afterAll(() => workshop.close());

  it('stand in the report of a live batch', async () => {
    const daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    try {
      await daemon.heard('Trading, batch', 90_000);
      const filled = () => openbellJson<TradeRow[]>(['trades', ...workshop.storage]);
      await until(async () => (await filled()).length > 0, { what: 'a fill', timeoutMs: 60_000 });
      daemon.child.kill('SIGTERM');
      expect((await daemon.finished).exitCode).toBe(0);
    } finally {
      daemon.child.kill('SIGKILL');
    }
    const [run] = await openbellJson<RunRow[]>(['runs', ...workshop.storage]);
    const report = await openbellJson<ReportDocument>(['report', run!.batchId, ...workshop.storage]);
    const series = report.charts[0]?.series ?? [];
    expect(series.map(({ name }) => name)).toEqual(['drawing: close by', 'drawing: seen']);
    for (const { points } of series) expect(points.length).toBeGreaterThan(0);
    expect(report.charts[0]?.prices.length).toBeGreaterThan(0);
  }, 150_000);

  it('stand in the report of a backtest: prices with the price, others in a chart of their own', async () => {
    const [data, page] = [join(workshop.directory, 'minutes.csv'), join(workshop.directory, 'report.html')];
    const made = await openbell(['template', 'data', data, '--symbols', 'AAPL', '--days', '1']);
    expect(made.exitCode).toBe(0);
    const tested = await openbell(['backtest', plan, '--data', data, '--report', page]);
    expect(tested.stderr).toBe('');
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('<span class="key own">drawing: close by</span>');
    expect(text).toMatch(/<figcaption>AAPL: drawing: seen/);
  });
});
