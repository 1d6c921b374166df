/** A row of `trade_plan` as a strategy instance: its parameters are what a strategy of a plan's file holds. */
import type { Violation } from '../../domain/exit.ts';
import type { TradePlanRow } from '../../models/tradePlans.ts';
import { parseTradeplan } from '../../tradeplan/load.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import { type PreparedInstance, prepareStrategies } from '../preparation.ts';

export type PreparedRow =
  | { readonly ok: true; readonly instance: PreparedInstance }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const NAME_CHARACTERS = 31;
const KEY_CHARACTERS = 8;

/** Of the row's name and its key: the same after each start, so that its state and its position are found again. */
export function instanceIdOf({ tradePlanId, strategyName }: TradePlanRow): string {
  const name = strategyName
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, NAME_CHARACTERS)
    .replace(/-+$/, '');
  return `${name === '' ? 'row' : name}-${tradePlanId.slice(0, KEY_CHARACTERS)}`;
}

/** Checks it as the plan's file is checked; relative paths count from the plan's folder. */
export async function prepareRow(row: TradePlanRow, plan: Tradeplan): Promise<PreparedRow> {
  const { instance, violations } = await prepared(row, plan);
  if (instance !== undefined && violations.length === 0) return { ok: true, instance };
  const place = `trade_plan ${row.tradePlanId}`;
  return {
    ok: false,
    violations: violations.map((violation) => ({
      ...violation,
      path: violation.path.replace(/^strategies\[0\]/, `${place}.parameters`),
    })),
  };
}

async function prepared(
  row: TradePlanRow,
  plan: Tradeplan,
): Promise<{ readonly instance?: PreparedInstance | undefined; readonly violations: readonly Violation[] }> {
  const parsed = parseTradeplan(JSON.stringify(documentOf(row, plan)), plan.path);
  if (!parsed.ok) return parsed;
  const { strategies } = parsed.plan;
  const { instances, violations } = await prepareStrategies({ ...plan, strategies });
  const [instance] = instances;
  return { instance, violations: [...violations, ...unknownSymbols(plan, instance)] };
}

/** A plan of this one strategy, with as much of the running one as a strategy is checked by. */
function documentOf({ parameters, portfolioId, ...row }: TradePlanRow, plan: Tradeplan): object {
  const strategy = {
    ...parameters,
    id: instanceIdOf({ parameters, portfolioId, ...row }),
    portfolio: portfolioId,
  };
  return {
    mode: plan.mode,
    asset_class: plan.assetClass,
    market_hours: plan.marketHours,
    scanners: Object.fromEntries(plan.scanners.map(({ scannerId }) => [scannerId, { name: 'list' }])),
    strategies: [strategy],
  };
}

function unknownSymbols(plan: Tradeplan, instance: PreparedInstance | undefined): readonly Violation[] {
  if (plan.mode !== 'simulated' || instance === undefined) return [];
  const known = new Set(plan.simulation.symbols);
  const missing = instance.symbols.filter((symbol) => !known.has(symbol));
  if (missing.length === 0) return [];
  const allowed = 'symbols that the local exchange was started with (simulation.symbols)';
  return [{ path: 'strategies[0].symbols', found: missing.join(', '), allowed }];
}
