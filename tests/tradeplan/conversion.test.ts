import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  type Conversion,
  type ConversionInput,
  convertPlan,
} from '../../src/tradeplan/conversion/convert.ts';
import { readToml, type TomlTable } from '../../src/tradeplan/conversion/toml.ts';
import { parseTradeplan } from '../../src/tradeplan/load.ts';

const SAMPLES = 'tests/tradeplan/liu';

function table(text: string): TomlTable {
  const read = readToml(text);
  if (!read.ok) throw new Error(JSON.stringify(read.violation));
  return read.table;
}

function convert(text: string, more: Partial<ConversionInput> = {}): Conversion {
  return convertPlan({
    tradeplan: table(text),
    miners: null,
    mode: 'simulated',
    assetClass: 'us_equity',
    symbols: ['SPY'],
    ...more,
  });
}

const sample = (name: string) => readFileSync(`${SAMPLES}/${name}.toml`, 'utf8');
const told = ({ notes }: Conversion) => notes.map(({ line, outcome, path }) => `${line} ${outcome} ${path}`);

function expectValid({ plan }: Conversion): void {
  const parsed = parseTradeplan(stringify(plan), '/plan/tradeplan.yaml');
  expect(parsed.ok ? [] : parsed.violations).toEqual([]);
}

describe("a plan of LiuAlgoTrader's", () => {
  it('with a momentum scanner and windows becomes one of ours, with every changed line told', () => {
    const conversion = convert(sample('momentum'));
    expectValid(conversion);
    expect(conversion.plan).toEqual({
      mode: 'simulated',
      liquidate_before_close: '15m',
      channels: ['trades', 'bars'],
      scanners: {
        momentum: {
          name: 'momentum',
          max_picks: 440,
          every: '5m',
          parameters: {
            min_volume: 30000,
            min_last_dv: 500000,
            min_share_price: 2,
            max_share_price: 20,
            today_change_percent: 3.5,
            from_market_open: 15,
            max_symbols: 440,
          },
        },
      },
      strategies: [
        {
          id: 'momentum-long',
          path: './momentum-long.ts',
          scanners: ['momentum'],
          windows: [
            { start: '15m', duration: '2h30m' },
            { start: '5h30m', duration: '1h' },
          ],
          parameters: { check_patterns: true },
        },
      ],
      backtest: { starting_cash: 25000 },
    });
    expect(told(conversion)).toEqual([
      '2 changed portfolio_value',
      '3 left_out risk',
      '4 changed market_liquidation_end_time_minutes',
      '5 left_out test_scanners',
      '6 changed events',
      '10 left_out scanners.momentum.provider',
      '12 changed scanners.momentum.min_gap',
      '16 changed scanners.momentum.from_market_open',
      '18 changed scanners.momentum.max_symbols',
      '21 to_do strategies.MomentumLong',
      '25 changed strategies.MomentumLong.schedule',
      '28 changed strategies.MomentumLong.schedule[1]',
    ]);
    expect(conversion.notes.find(({ path }) => path === 'risk')?.text).toContain('riskPerTrade (25 here)');
  });

  it('with scanners of its own that name their strategies keeps who trades what', () => {
    const conversion = convert(sample('portfolio'));
    expectValid(conversion);
    const { strategies, scanners, optimize, risk } = conversion.plan as Record<string, never>;
    expect(scanners).toEqual({
      'index-members': {
        path: './index-members.scanner.ts',
        every: '1d',
        max_picks: 1000,
        parameters: { index: 'SP500', sectors: ['Energy', 'Utilities'], weights: { low: 0.5, high: 2 } },
      },
    });
    expect(strategies).toMatchObject([
      { id: 'trend-follow', scanners: ['index-members'], parameters: { rank_days: 90, reinvest: true } },
      { id: 'vwap-long', symbols: ['AAPL', 'BRK.B'] },
    ]);
    expect(optimize).toEqual({
      strategies: {
        'trend-follow': {
          rank_days: { from: 30, to: 90, step: 1 },
          risk_factor: { from: 0.001, to: 0.003, step: 0.001 },
        },
      },
    });
    expect(risk).toEqual({ allow_fractions: true });
    expect(conversion.plan.backtest).toEqual({ starting_cash: 10000 });
    expect(
      conversion.files.map(({ kind, id, className, fileName }) => [kind, id, className, fileName]),
    ).toEqual([
      ['strategy', 'trend-follow', 'TrendFollow', 'trend_follow.py'],
      ['strategy', 'vwap-long', 'VWAPLong', 'vwap_long.py'],
      ['scanner', 'index-members', 'IndexMembers', 'scanners/index_members.py'],
    ]);
    const paths = conversion.notes.filter(({ outcome }) => outcome !== 'changed').map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'strategies.TrendFollow.portfolio_id',
        'optimizer.start_date',
        'optimizer.end_date',
        'optimizer.hyperparameters.scanners',
      ]),
    );
  });

  it('takes the built-in miners of miner.toml, and names those that there are not', () => {
    const conversion = convert(sample('momentum'), { miners: table(sample('miner')) });
    expectValid(conversion);
    expect(conversion.plan.miners).toEqual({
      'gain-loss': { at: '30m after close', parameters: { days: 30 } },
      'daily-bars': {
        at: '60m after close',
        parameters: { days: 100, min_share_price: 2, max_share_price: 500 },
      },
      clusters: { at: '90m after close' },
    });
    expect(conversion.minerNotes.filter(({ outcome }) => outcome === 'left_out')).toMatchObject([
      { line: 9, path: 'miners.DailyOHLC.indicators' },
      { line: 13, path: 'miners.portfolio' },
    ]);
  });

  it('follows the table trade_plan where it was said', () => {
    const of = (text: string) => convert(`${text}\n[strategies.A]\n`);
    expect(of('file_only = false').plan.trade_plan).toEqual({ enabled: true });
    expectValid(of('file_only = false'));
    expect(of('file_only = true').plan.trade_plan).toBeUndefined();
    expect(of('').plan.trade_plan).toBeUndefined();
  });

  it('says which strategies have nothing to trade', () => {
    const text = '[strategies.A]\nfilename="a.py"\n[strategies.B]\nsymbols=["KO"]\n';
    expect(convert(text, { symbols: [] }).withoutSymbols).toEqual(['a']);
    expect(convert(text).withoutSymbols).toEqual([]);
  });

  it.each([
    ['after the close', [{ start: 400, duration: 10 }], []],
    ['beyond the close', [{ start: 380, duration: 60 }], [{ start: '6h20m', duration: '10m' }]],
    [
      'one in the other',
      [
        { start: 10, duration: 60 },
        { start: 20, duration: 5 },
      ],
      [{ start: '10m', duration: '1h' }],
    ],
    [
      'a third that joins two',
      [
        { start: 0, duration: 10 },
        { start: 20, duration: 10 },
        { start: 5, duration: 20 },
      ],
      [{ start: '0', duration: '30m' }],
    ],
    ['none', [], []],
  ])('makes windows that a plan may have of a schedule %s', (_name, schedule, windows) => {
    const list = schedule.map(({ start, duration }) => `{start=${start},duration=${duration}}`);
    const conversion = convert(`[strategies.A]\nschedule=[${list.join(',')}]\n`);
    expectValid(conversion);
    expect((conversion.plan.strategies as { windows?: object[] }[])[0]?.windows ?? []).toEqual(windows);
  });

  it('names lines of another type, and goes on', () => {
    const conversion = convert(
      'portfolio_value="much"\nrisk=true\nevents=["tick"]\nunknown=1\n[strategies.A]\nschedule=1\n',
    );
    expectValid(conversion);
    expect(told(conversion)).toEqual([
      '1 left_out portfolio_value',
      '2 left_out risk',
      '3 left_out events[0]',
      '4 left_out unknown',
      '5 to_do strategies.A',
      '6 left_out strategies.A.schedule',
    ]);
  });

  it('answers every value of a strategy as a parameter or in a note, whatever they are', () => {
    const scalar = fc.oneof(
      fc.integer({ min: -1e6, max: 1e6 }),
      fc.boolean(),
      fc.stringMatching(/^[a-zA-Z ]{1,8}$/),
    );
    const values = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,6}$/), scalar, { maxKeys: 6 });
    const windows = fc.array(
      fc.record({ start: fc.integer({ min: -50, max: 500 }), duration: fc.integer({ min: -5, max: 600 }) }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(values, windows, (parameters, schedule) => {
        const lines = Object.entries(parameters).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
        const list = schedule.map(({ start, duration }) => `{start=${start},duration=${duration}}`);
        const conversion = convert(`[strategies.Any]\n${lines.join('\n')}\nschedule=[${list.join(',')}]\n`);
        expectValid(conversion);
        const [strategy] = conversion.plan.strategies as { parameters?: object }[];
        expect(strategy?.parameters ?? {}).toEqual(parameters);
      }),
      { numRuns: 100 },
    );
  });
});

describe('reading TOML', () => {
  it('knows the line of each key, in headers, dotted keys, lists of tables and inline tables', () => {
    const root = table('a.b = 1\n[[list]]\nx = 1\n[[list]]\nx = { y = 2 }\n[list.z]\nw = 2020-01-02\n');
    expect(root.toPlain()).toEqual({
      a: { b: 1 },
      list: [{ x: 1 }, { x: { y: 2 }, z: { w: '2020-01-02' } }],
    });
    expect(root.get('list')?.line).toBe(2);
  });

  it.each([
    ['a key twice', 'a = 1\na = 2\n', 2],
    ['two signs', 'a = 1\nb = = 2\n', 2],
  ])('refuses %s with its line', (_name, text, line) => {
    expect(readToml(text)).toMatchObject({ ok: false, violation: { line } });
  });
});
