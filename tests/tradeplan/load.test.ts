import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type PlainUserError, UserError } from '../../src/domain/exit.ts';
import { loadTradeplan, parseTradeplan } from '../../src/tradeplan/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MINIMAL = 'mode: simulated\nstrategies:\n  - {name: momentum-long, symbols: [AAPL]}\n';

function planOf(text: string) {
  const result = parseTradeplan(text, '/plans/tradeplan.yaml');
  if (!result.ok) throw new Error(JSON.stringify(result.violations, null, 1));
  return result.plan;
}

function violationsOf(text: string) {
  const result = parseTradeplan(text, '/plans/tradeplan.yaml');
  return result.ok ? [] : result.violations;
}

function refusal(path: string): PlainUserError {
  try {
    loadTradeplan(path);
  } catch (error) {
    if (error instanceof UserError) return error.toJSON();
    throw error;
  }
  throw new Error('it was loaded');
}

describe('a plan', () => {
  it('is complete with defaults when it says only what it must', () => {
    expect(planOf(MINIMAL)).toEqual({
      path: '/plans/tradeplan.yaml',
      mode: 'simulated',
      provider: 'alpaca',
      feed: 'iex',
      broker: 'alpaca',
      assetClass: 'us_equity',
      channels: ['trades', 'quotes', 'bars'],
      eventAgeMaxMs: 5_000,
      feedLagMaxMs: 5_000,
      feedDelayMs: 0,
      consumers: 'auto',
      marketHours: 'regular',
      liquidateBeforeCloseMs: 900_000,
      scanners: [],
      miners: [],
      strategies: [
        {
          instanceId: 'momentum-long',
          name: 'momentum-long',
          path: null,
          parameters: {},
          symbols: ['AAPL'],
          scanners: [],
          windows: [],
          isIntraday: true,
          portfolioId: null,
          risk: null,
        },
      ],
      risk: {
        orderNotionalMax: '10000',
        orderQuantityMax: null,
        positionNotionalMax: '20000',
        positionQuantityMax: null,
        grossNotionalMax: null,
        openOrdersMax: 50,
        ordersPerMinuteMax: 60,
        dailyLossMax: '2000',
        drawdownMax: null,
        priceCollarPercent: 5,
        marketAgeMaxMs: 60_000,
        shortAllowed: false,
        fractionAllowed: false,
        symbolOpenOrdersMax: null,
        symbolOrdersPerMinuteMax: null,
        symbols: {},
      },
      alerts: { webhookUrl: null, command: null, timeoutMs: 10_000 },
      metrics: { port: null, host: '127.0.0.1' },
      tradePlan: { isEnabled: false, pollMs: 60_000, rowsMax: 100 },
      unknownHoldings: 'leave',
      journal: 'written',
      record: {
        market: true,
        inbox: true,
        directory: null,
        segmentBytesMax: 256 * 1_024 * 1_024,
        ageMaxMs: 30 * 86_400_000,
        totalBytesMax: 50 * 1_024 * 1_024 * 1_024,
        freeBytesMin: 1_024 * 1_024 * 1_024,
      },
      rebalance: {
        isEnabled: true,
        lagMaxMs: 1_000,
        patienceMs: 5_000,
        movesPerMinuteMax: 12,
        restMs: 60_000,
        loadMax: 0.7,
        prepareTimeoutMs: 30_000,
      },
      limits: {
        tradeRingRows: 65_536,
        historyBarsMax: 1_000,
        consumerHeapMb: 512,
        historyRequestTimeoutMs: 30_000,
        submitTimeoutMs: 10_000,
        stopTimeoutMs: 8_000,
        heartbeatTimeoutMs: 5_000,
        scannerTimeoutMs: 60_000,
        minerTimeoutMs: 3_600_000,
        consumerRestartsPerHourMax: 10,
      },
      backtest: {
        startingCash: '100000',
        latencyMs: 50,
        spreadBps: 2,
        slippageBps: 1,
        volumePercentMax: 10,
        feeBps: 0,
        feePerShare: 0,
        feeMinimum: 0,
        sellFeeBps: 0,
        sellFeePerShare: 0,
        borrowPercent: 3,
        barIntervalMs: 60_000,
        badData: 'refuse',
      },
      optimize: {
        ranges: [],
        objective: 'sharpe',
        search: 'grid',
        trialsMax: 1_000,
        seed: 1,
        folds: 0,
        holdoutShare: 0.2,
        dataBytesMax: 2_048 * 1_024 * 1_024,
      },
      simulation: {
        seed: 1,
        symbols: [
          ...['AAPL', 'MSFT', 'NVDA', 'AMZN', 'GOOGL', 'META', 'TSLA', 'AMD', 'NFLX', 'INTC'],
          ...['JPM', 'BAC', 'XOM', 'CVX', 'KO', 'PEP', 'DIS', 'IBM', 'SPY', 'QQQ'],
        ],
        ratePerSecond: 500,
        tape: null,
        tapeOffsetMs: 0,
        tapeSpeed: 1,
      },
    });
  });

  it('is frozen through and through, so that no part can change it for the others', () => {
    const plan = planOf(MINIMAL);
    expect(Object.isFrozen(plan)).toBe(true);
    expect(Object.isFrozen(plan.strategies[0]?.symbols)).toBe(true);
    expect(structuredClone(plan)).toEqual(plan);
  });

  it('keeps amounts exactly as they are written', () => {
    const risk = (text: string) =>
      planOf(`${MINIMAL}risk: {max_order_notional: ${text}}`).risk.orderNotionalMax;
    expect(risk('0.1')).toBe('0.1');
    expect(risk('2500.50')).toBe('2500.5');
    expect(risk('1e6')).toBe('1000000');
    expect(risk('"99999999999.123456789"')).toBe('99999999999.123456789');
    expect(risk('99999999999.123456789')).toBe('99999999999.123456789');
  });

  it('gives strategies and symbols limits in the same words as the account has', () => {
    const limits =
      '{max_order_notional: 1, max_order_quantity: 2, max_position_notional: 3, max_position_quantity: 4, max_open_orders: 5, max_orders_per_minute: 6, price_collar_percent: 0.5, allow_short: false, allow_fractions: true}';
    const expected = {
      ...{ orderNotionalMax: '1', orderQuantityMax: '2', positionNotionalMax: '3', positionQuantityMax: '4' },
      ...{ openOrdersMax: 5, ordersPerMinuteMax: 6, priceCollarPercent: 0.5 },
      ...{ shortAllowed: false, fractionAllowed: true },
    };
    const { risk, strategies } = planOf(`mode: simulated
strategies: [{name: momentum-long, symbols: [AAPL], risk: ${limits}}]
risk: {max_open_orders_per_symbol: 7, max_orders_per_minute_per_symbol: 8, symbols: {BRK.B: ${limits}, AAPL: {}}}`);
    expect(strategies[0]?.risk).toEqual({
      ...expected,
      ...{ notionalMax: null, dailyLossMax: null, drawdownMax: null },
    });
    expect(risk).toMatchObject({ symbolOpenOrdersMax: 7, symbolOrdersPerMinuteMax: 8 });
    expect(risk.symbols['BRK.B']).toEqual(expected);
    expect(Object.values(risk.symbols.AAPL ?? {}).every((limit) => limit === null)).toBe(true);
  });

  it('reads symbols as text even where YAML sees something else', () => {
    const { symbols } = planOf(
      'mode: simulated\nstrategies: [{name: a, symbols: [TRUE, NULL, ON, Y, "NO", BRK.B]}]',
    ).strategies[0]!;
    expect(symbols).toEqual(['TRUE', 'NULL', 'ON', 'Y', 'NO', 'BRK.B']);
  });

  it('may have nothing but miners, each with its times, or run once at the start', () => {
    const { miners } = planOf(`
mode: paper
miners:
  days: {name: daily-bars, cron: "30 18 * * 1-5", at: [30m after close], parameters: {days: 30}}
  ticker-data: {}
`);
    expect(miners).toEqual([
      {
        minerId: 'days',
        name: 'daily-bars',
        parameters: { days: 30 },
        schedules: [
          { type: 'cron', expression: '30 18 * * 1-5' },
          { type: 'market', anchor: 'close', offsetMs: 1_800_000 },
        ],
      },
      { minerId: 'ticker-data', name: 'ticker-data', parameters: {}, schedules: [{ type: 'once' }] },
    ]);
  });

  it('may name the same strategy twice; each instance has an id of its own', () => {
    const { strategies } = planOf(`
mode: paper
strategies:
  - {name: vwap-reversion, symbols: [AAPL]}
  - {name: vwap-reversion, symbols: [MSFT], parameters: {entryZ: 2}}
  - {id: vwap-reversion-2, name: vwap-reversion, symbols: [IBM]}
  - {path: ./strategies/My Breakout.v2.ts, symbols: [SPY]}
`);
    expect(strategies.map((strategy) => strategy.instanceId)).toEqual([
      ...['vwap-reversion', 'vwap-reversion-3', 'vwap-reversion-2', 'my-breakout'],
    ]);
    expect(strategies[1]?.parameters).toEqual({ entryZ: 2 });
    expect(strategies[3]?.path).toBe('/plans/strategies/My Breakout.v2.ts');
  });

  it('schedules scanners by interval, cron and market, and once when nothing is said', () => {
    const { scanners } = planOf(`
mode: paper
scanners:
  momentum: {every: 5m, cron: "*/10 9-15 * * 1-5", at: [15m after open, 30m before close, open]}
  early: {name: gap, max_picks: 3}
`);
    expect(scanners).toEqual([
      {
        scannerId: 'momentum',
        name: 'momentum',
        path: null,
        parameters: {},
        schedules: [
          { type: 'interval', everyMs: 300_000 },
          { type: 'cron', expression: '*/10 9-15 * * 1-5' },
          { type: 'market', anchor: 'open', offsetMs: 900_000 },
          { type: 'market', anchor: 'close', offsetMs: -1_800_000 },
          { type: 'market', anchor: 'open', offsetMs: 0 },
        ],
        picksMax: 20,
      },
      {
        ...{ scannerId: 'early', name: 'gap', path: null, parameters: {}, picksMax: 3 },
        schedules: [{ type: 'once' }],
      },
    ]);
  });

  it('of crypto trades around the clock and holds over midnight unless told otherwise', () => {
    const text = 'mode: paper\nasset_class: crypto\nstrategies: [{name: a, symbols: [BTC/USD]}]\n';
    expect(planOf(text)).toMatchObject({
      feed: 'crypto',
      marketHours: 'always',
      liquidateBeforeCloseMs: null,
    });
    expect(planOf(`${text}liquidate_before_close: 1h`).liquidateBeforeCloseMs).toBe(3_600_000);
  });

  it('allows for the delay of a delayed feed', () => {
    expect(planOf(`${MINIMAL}feed: delayed_sip`).feedDelayMs).toBe(900_000);
    expect(planOf(`${MINIMAL}feed: delayed_sip\nfeed_delay: 20m`).feedDelayMs).toBe(1_200_000);
  });

  it('records all, nothing, or what it says, in a folder that counts from the plan', () => {
    expect(planOf(`${MINIMAL}record: true`).record).toEqual(planOf(MINIMAL).record);
    expect(planOf(`${MINIMAL}record: false`).record).toMatchObject({ market: false, inbox: false });
    const { record } = planOf(`${MINIMAL}record: {inbox: false, directory: ./kept, max_segment_mb: 8}`);
    expect(record).toMatchObject({ market: true, inbox: false, segmentBytesMax: 8 * 1_024 * 1_024 });
    expect(record.directory).toMatch(/^\/.*kept$/);
  });

  it('simulates the symbols of its strategies besides those named', () => {
    const { symbols } = planOf(`${MINIMAL}simulation: {symbols: [SPY]}`).simulation;
    expect(symbols).toEqual(['SPY', 'AAPL']);
  });

  it('reads windows from the open, without a duration to the end, before the open with extended hours', () => {
    const text = `
mode: paper
market_hours: extended
strategies: [{name: a, symbols: [A], windows: [{start: -30m, duration: 45m}, {start: 1h}]}]`;
    expect(planOf(text).strategies[0]?.windows).toEqual([
      { startMs: -1_800_000, durationMs: 2_700_000 },
      { startMs: 3_600_000, durationMs: 86_400_000 },
    ]);
  });
});

describe('violations', () => {
  it('are all reported at once, with path, value, what is allowed, and line', () => {
    const text = `mode: papr
consumer: 4
max_event_age: 5
risk:
  order_notional_max: 5
  max_daily_loss: -1
scanners:
  movers: {name: momentum, every: 5 minutes, at: 15m past open, cron: "61 * * * *"}
strategies:
  - name: momentum-long
    scanners: [mover]
    windows: [{start: 7h, duration: 1h}, {start: 6h, duration: 1h}]
  - {id: x, path: a.ts, name: b, symbols: [aapl]}
  - {id: x, name: c}
`;
    expect(violationsOf(text).map((one) => `${one.line} ${one.path} ${one.found}: ${one.allowed}`)).toEqual([
      '1 mode "papr": one of: simulated, paper, live',
      '2 consumer 4: a known key; did you mean `consumers`?',
      '3 max_event_age 5: a duration from 10ms to 1d, such as 5s, 15m, 1h30m',
      '5 risk.order_notional_max 5: a known key; did you mean `max_order_notional`?',
      '6 risk.max_daily_loss -1: an amount above 0, at most 9 decimals, such as 10000 or 2500.50',
      '8 scanners.movers.every "5 minutes": a duration from 1s to 1d, such as 5s, 15m, 1h30m',
      '8 scanners.movers.cron "61 * * * *": five or six cron fields such as "*/5 9-15 * * 1-5", or a list of such',
      '8 scanners.movers.at "15m past open": `open`, `close`, "15m after open", "5m before close" (at most 12h), or a list of such',
      '11 strategies[0].scanners[0] "mover": did you mean `movers`? a scanner of this plan: movers',
      '12 strategies[0].windows[0].start "7h": within the session, 0 to 6h30m from the open',
      '12 strategies[0].windows[1].duration "1h": at most 30m here: the session ends 6h30m after the open',
      '13 strategies[1].symbols[0] "aapl": a symbol in capitals, such as AAPL, BRK.B or BTC/USD',
      '13 strategies[1].path "a.ts": left out: `name` and `path` exclude each other',
      '14 strategies[2].id "x": another id: strategies[1] has this one',
      '14 strategies[2].symbols nothing: at least one symbol, or `scanners:` whose picks it trades',
    ]);
  });

  it.each([
    ['', 'the plan', /a mapping with keys of: mode/],
    ['[1]', 'the plan', /a mapping/],
    ['mode: paper\nminers: {days: {name: daily-bars, every: 10s}}', 'miners.days.every', /from 1m to 7d/],
    [
      'mode: paper\nminers: {days: {path: ./mine.ts}}',
      'miners.days.path',
      /name, parameters, every, cron, at/,
    ],
    ['mode: simulated', 'strategies', /at least one strategy, scanner or miner/],
    ['strategies: [{name: a, symbols: [A]}]', 'mode', /one of: simulated/],
    [`${MINIMAL}broker: paper\nmode2: live`, 'mode2', /did you mean `mode`/],
    [`${MINIMAL.replace('simulated', 'live')}broker: paper`, 'broker', /a real broker in live mode/],
    [`${MINIMAL}feed: ipx`, 'feed', /did you mean `iex`/],
    [`${MINIMAL}asset_class: crypto`, 'strategies[0].symbols[0]', /a pair such as BTC\/USD/],
    [`${MINIMAL}consumers: 0`, 'consumers', /auto, or a whole number from 1 to 64/],
    [`${MINIMAL}consumers: many`, 'consumers', /auto, or a whole number/],
    [`${MINIMAL}channels: []`, 'channels', /at least one of/],
    [`${MINIMAL}channels: [ticks]`, 'channels[0]', /one of: trades, quotes, bars/],
    [`${MINIMAL}liquidate_before_close: 7h`, 'liquidate_before_close', /less than the session of 6h30m/],
    [`${MINIMAL}liquidate_before_close: soon`, 'liquidate_before_close', /never, or a duration/],
    [
      `${MINIMAL}limits: {consumer_heap_mb: 1.5}`,
      'limits.consumer_heap_mb',
      /a whole number from 32 to 65,536 MiB/,
    ],
    [`${MINIMAL}risk: {max_order_notional: .inf}`, 'risk.max_order_notional', /an amount above 0/],
    [`${MINIMAL}risk: {max_order_notional: 0}`, 'risk.max_order_notional', /an amount above 0/],
    [`${MINIMAL}risk: {max_order_notional: 1.0000000001}`, 'risk.max_order_notional', /at most 9 decimals/],
    [`${MINIMAL}risk: {allow_short: yes}`, 'risk.allow_short', /true or false/],
    [`${MINIMAL}risk: {symbols: {aapl: {}}}`, 'risk.symbols.aapl', /a symbol in capitals/],
    [`${MINIMAL}risk: {symbols: {BTC/USD: {}}}`, 'risk.symbols.BTC/USD', /a stock; pairs need/],
    [
      `${MINIMAL}risk: {symbols: {AAPL: {max_daily_loss: 5}}}`,
      'risk.symbols.AAPL.max_daily_loss',
      /a known key/,
    ],
    [`${MINIMAL}simulation: {seed: -1}`, 'simulation.seed', /a whole number from 0/],
    [`${MINIMAL}simulation: {symbols: [A, A]}`, 'simulation.symbols[1]', /each symbol once/],
    [`${MINIMAL}scanners: {My_Scanner: {}}`, 'scanners.My_Scanner', /a name of lower-case letters/],
    [`${MINIMAL}scanners: {a: {name: b, path: c}}`, 'scanners.a.path', /exclude each other/],
    [`${MINIMAL}scanners: {a: {max_picks: 0}}`, 'scanners.a.max_picks', /a whole number from 1/],
    [`${MINIMAL}alerts: {webhook: "http://example.com"}`, 'alerts.webhook', /https:.* of this machine only/],
    [`${MINIMAL}alerts: {command: []}`, 'alerts.command', /a program/],
    [`${MINIMAL}record: maybe`, 'record', /true, false, or a mapping such as/],
    [`${MINIMAL}record: {markets: true}`, 'record.markets', /did you mean `market`/],
    [`${MINIMAL}record: {inbox: 1, max_age: 1h}`, 'record.max_age', /a duration from 1d to 3650d/],
    ['mode: paper\nstrategies: [{symbols: [A]}]', 'strategies[0].name', /built-in strategy, or `path:`/],
    [
      'mode: paper\nstrategies: [{name: a, symbols: [A], windows: [{start: 1h, duration: 1h}, {start: 90m}]}]',
      'strategies[0].windows[1]',
      /does not overlap windows\[0\]/,
    ],
    [
      'mode: paper\nstrategies: [{name: a, symbols: [A], windows: [{start: -5m}]}]',
      'strategies[0].windows[0].start',
      /within the session/,
    ],
  ])('%j is refused at %s', (text, path, allowed) => {
    const violation = violationsOf(text).find((one) => one.path === path);
    expect(violation?.allowed).toMatch(allowed);
  });

  it('never show a secret, whether it stands in its place or in a wrong one', () => {
    const text = `${MINIMAL}
api_secret: s3cret-1
alerts: {webhook: "ftp://hooks.example/s3cret-2", token: s3cret-3, command: {secret: s3cret-4}}
feed: https://user:s3cret-5@host
`;
    const violations = violationsOf(text);
    expect(violations.length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(violations)).not.toContain('s3cret');
  });
});

describe('YAML that is damaged', () => {
  it('is reported with line and column, all errors at once', () => {
    const violations = violationsOf('mode: simulated\nmode: paper\nrisk: {a: 1, a: 2}\nstrategies: [\n');
    expect(violations.map((one) => one.path)).toEqual([
      'line 2, column 1',
      'line 3, column 14',
      expect.stringMatching(/^line [45], column \d+$/),
    ]);
    expect(violations[0]?.allowed).toMatch(/Map keys must be unique/);
  });

  it('does not show values of damaged lines', () => {
    const violations = violationsOf('alerts:\n  webhook: "https://hooks.example/s3cret\n  x: [');
    expect(violations.length).toBeGreaterThan(0);
    expect(JSON.stringify(violations)).not.toContain('s3cret');
  });

  it('cannot fill the memory by aliases of aliases', () => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0
        ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
        : `a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`,
    );
    expect(violationsOf(levels.join('\n'))[0]?.allowed).toMatch(/at most 20000 values/);
    expect(violationsOf('a: &a [*a]')[0]?.allowed).toMatch(/nested at most 32 deep/);
  });

  it('cannot reach the prototype of objects', () => {
    expect(violationsOf(`${MINIMAL}__proto__: {polluted: 1}`)[0]?.path).toBe('the plan');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('the file of a plan', () => {
  it('is read from its place, and its paths from its folder', () => {
    const file = join(folder, 'plan.yaml');
    writeFileSync(file, `${MINIMAL}simulation: {tape: day.tape}`);
    expect(loadTradeplan(file)).toMatchObject({ path: file, simulation: { tape: join(folder, 'day.tape') } });
  });

  it('that is wrong ends with exit code 2 and every violation', () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'mode: x\nfoo: 1\n');
    const error = refusal(file);
    expect(error.exitCode).toBe(2);
    expect(error.cause).toBe(`${file} has 3 problems`);
    expect(error.violations.map((one) => one.path)).toEqual(['strategies', 'mode', 'foo']);
  });

  it.each([
    ['missing', () => join(folder, 'none.yaml'), /there is no tradeplan/, /tradeplan.example.yaml/],
    ['a folder', () => folder, /is not a file/, /Name the YAML file/],
    [
      'too large',
      () => written('large.yaml', Buffer.alloc(1_048_577, 32)),
      /larger than 1048576 bytes/,
      /YAML/,
    ],
    ['not text', () => written('binary.yaml', Buffer.from([0xff, 0xfe, 0x00])), /not UTF-8/, /UTF-8/],
  ])('that is %s is refused in one line with what to do', (_name, path, cause, remedy) => {
    const error = refusal(path());
    expect(error).toMatchObject({ exitCode: 2, violations: [] });
    expect(error.cause).toMatch(cause);
    expect(error.remedy).toMatch(remedy);
  });
});

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
