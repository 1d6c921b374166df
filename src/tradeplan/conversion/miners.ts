/** `miner.toml` of LiuAlgoTrader as the miners of a plan. */
import { Ids } from './names.ts';
import type { Notes } from './notes.ts';
import type { PlainToml, TomlTable } from './toml.ts';

/** What a built-in miner there is here, and what its parameters are called. */
const MINERS: Readonly<Record<string, { name: string; parameters: Readonly<Record<string, string>> }>> = {
  gainloss: { name: 'gain-loss', parameters: { days: 'days' } },
  dailyohlc: {
    name: 'daily-bars',
    parameters: {
      days: 'days',
      symbols: 'symbols',
      min_price: 'min_share_price',
      max_price: 'max_share_price',
      min_share_price: 'min_share_price',
      max_share_price: 'max_share_price',
    },
  },
  stockcluster: { name: 'clusters', parameters: {} },
};

/** Each runs at its usual time: there they ran when somebody started them. */
const TIMES: Readonly<Record<string, object>> = {
  'gain-loss': { at: '30m after close' },
  'daily-bars': { at: '60m after close' },
  clusters: { at: '90m after close' },
};

export function convertMiners(table: TomlTable | undefined, notes: Notes): Readonly<Record<string, object>> {
  const miners: Record<string, object> = {};
  const ids = new Ids();
  for (const [name, miner] of table?.takeTables() ?? []) {
    const known = MINERS[name.toLowerCase().replaceAll('_', '')];
    if (known === undefined) {
      const isPortfolio = name.toLowerCase() === 'portfolio';
      notes.leftOut(
        miner,
        isPortfolio
          ? 'the strategy trend-following builds and rebalances such a portfolio'
          : 'a miner of your own is to be written as a scanner or as a program of your own on the tables',
      );
      continue;
    }
    // Where it stands in the TOML makes no difference: what it was and what it is called there may differ.
    miner.take('filename');
    miner.take('debug');
    const parameters: Record<string, PlainToml> = {};
    for (const [key, to] of Object.entries(known.parameters)) {
      const value = miner.take(key) === undefined ? undefined : miner.toPlain()[key];
      if (value !== undefined) parameters[to] = value;
    }
    notes.restOf(miner, `${known.name} has no such parameter`);
    notes.changed(miner, `${known.name} runs by itself, ${Object.values(TIMES[known.name]!)[0]}`);
    const id = ids.idOf(known.name);
    miners[id] = {
      ...(id === known.name ? {} : { name: known.name }),
      ...TIMES[known.name],
      ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    };
  }
  for (const [, value] of table?.rest() ?? []) notes.leftOut(value, 'it is no miner');
  return miners;
}
