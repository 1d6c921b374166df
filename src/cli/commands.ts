/** All commands, in the order of the help, each loaded only when it is asked for. */
import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'trade',
    description: 'run the daemon: scanners, producer, consumers, desk',
    load: async () => (await import('./commands/trade.ts')).tradeCommand(),
  },
  {
    name: 'sim',
    description:
      "run the local exchange: Alpaca's protocols over loopback, with a synthetic or recorded market",
    load: async () => (await import('./commands/sim.ts')).simCommand(),
  },
  {
    name: 'check',
    description: "validate the plan, the environment, the database and the broker's answer",
    load: async () => (await import('./commands/check.ts')).checkCommand(),
  },
  {
    name: 'status',
    description: 'show the running daemon: threads, lag, feed age, risk state, positions',
    load: async () => (await import('./commands/status.ts')).statusCommand(),
  },
  {
    name: 'reload',
    description: 'let the running daemon read its plan again: strategies, parameters, scanners, miners',
    load: async () => (await import('./commands/reload.ts')).reloadCommand(),
  },
  {
    name: 'halt',
    description: 'stop taking new risk at once and cancel resting orders',
    load: async () => (await import('./commands/killswitch.ts')).haltCommand(),
  },
  {
    name: 'resume',
    description: 'release the kill switch',
    load: async () => (await import('./commands/killswitch.ts')).resumeCommand(),
  },
  {
    name: 'liquidate',
    description: 'halt, cancel resting orders and close every position at the market',
    load: async () => (await import('./commands/killswitch.ts')).liquidateCommand(),
  },
  {
    name: 'runs',
    description: 'list strategy runs: one row for each strategy instance and consumer',
    load: async () => (await import('./commands/rows.ts')).runsCommand(),
  },
  {
    name: 'orders',
    description: 'list orders and what became of them',
    load: async () => (await import('./commands/rows.ts')).ordersCommand(),
  },
  {
    name: 'trades',
    description: 'list fills, with the reasons and indicators of their orders',
    load: async () => (await import('./commands/rows.ts')).tradesCommand(),
  },
  {
    name: 'positions',
    description: 'list what each strategy run holds and has earned',
    load: async () => (await import('./commands/rows.ts')).positionsCommand(),
  },
  {
    name: 'mined',
    description: 'list runs of miners: when, how many rows, why they failed',
    load: async () => (await import('./commands/rows.ts')).minedCommand(),
  },
  {
    name: 'portfolio',
    description: 'portfolios: cash of their own for strategies, whatever the account holds',
    load: async () => (await import('./commands/portfolio.ts')).portfolioCommand(),
  },
  {
    name: 'plan',
    description: 'strategies in the database: rows of trade_plan, which running daemons follow',
    load: async () => (await import('./commands/plan.ts')).planCommand(),
  },
  {
    name: 'scan',
    description: "run the plan's scanners once and print their picks, or on their times with --daemon",
    load: async () => (await import('./commands/scan.ts')).scanCommand(),
  },
  {
    name: 'mine',
    description:
      "run the plan's miners once (daily bars, companies, results), or on their times with --daemon",
    load: async () => (await import('./commands/mine.ts')).mineCommand(),
  },
  {
    name: 'history',
    description:
      'the past of the market: bars, trades and quotes from the provider into tapes, days into stock_ohlc',
    load: async () => (await import('./commands/history.ts')).historyCommand(),
  },
  {
    name: 'backtest',
    description: "run the plan's strategies on recorded data and say what they would have earned",
    load: async () => (await import('./commands/backtest.ts')).backtestCommand(),
  },
  {
    name: 'replay',
    description: 'run a recorded session again and compare it, decision by decision',
    load: async () => (await import('./commands/replay.ts')).replayCommand(),
  },
  {
    name: 'report',
    description: 'write a page about a batch: equity, trades on charts, figures, each with its definition',
    load: async () => (await import('./commands/report.ts')).reportCommand(),
  },
  {
    name: 'optimize',
    description: 'try parameters over backtests, in parallel, and say how much of the best is luck',
    load: async () => (await import('./commands/optimize.ts')).optimizeCommand(),
  },
  {
    name: 'template',
    description: 'write files to begin with: a new strategy with its test',
    load: async () => (await import('./commands/template.ts')).templateCommand(),
  },
  {
    name: 'convert',
    description:
      "make a plan of LiuAlgoTrader's tradeplan.toml, and say what could not be kept, line by line",
    load: async () => (await import('./commands/convert.ts')).convertCommand(),
  },
  {
    name: 'tape',
    description: 'tape files: recorded market events, as backtests and the local exchange read them',
    load: async () => (await import('./commands/tape.ts')).tapeCommand(),
  },
  {
    name: 'db',
    description: 'the database: its schema and how to look into it',
    load: async () => (await import('./commands/database.ts')).databaseCommand(),
  },
  {
    name: 'completion',
    description: 'print a script that lets bash, zsh or fish complete commands and options',
    load: async () => (await import('./commands/completion.ts')).completionCommand(),
  },
];
