/** What the control socket offers: the methods behind `openbell status`, `halt`, `runs` and the others. */
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import type { RowFilter, Stores } from '../../models/contract.ts';
import type { PlanEditor } from '../plans/editing.ts';
import type { ReloadAnswer } from '../plans/reload.ts';
import type { ControlHandler } from './control.ts';
import { callPlanEditor } from './planMethods.ts';
import { callPortfolios } from './portfolioMethods.ts';
import type { DaemonStatus } from './status.ts';

const REASON_CHARACTERS_MAX = 200;

export interface Controlled {
  status(): Promise<DaemonStatus>;
  halt(reason: string): void;
  resume(): void;
  /** Reads the plan again. */
  reload(): Promise<ReloadAnswer>;
  liquidate(reason: string): void;
  /** Copies the embedded database into a new folder under the data directory; answers the folder. */
  snapshot(): Promise<string>;
  readonly stores: Stores;
  /** Of the rows of trade_plan. */
  readonly planEditor: PlanEditor;
}

export function controlHandler(daemon: Controlled): ControlHandler {
  return async (method, parameters) => {
    switch (method) {
      case 'status':
        return daemon.status();
      case 'halt':
        daemon.halt(reasonOf(parameters));
        return { riskState: 'halted' };
      case 'resume':
        daemon.resume();
        return { riskState: 'active' };
      case 'reload':
        return daemon.reload();
      case 'liquidate':
        daemon.liquidate(reasonOf(parameters));
        return { riskState: 'halted' };
      case 'snapshot':
        return daemon.snapshot();
      case 'listRuns':
        return daemon.stores.listRuns(filterOf(parameters));
      case 'listOrders':
        return daemon.stores.listOrders(filterOf(parameters));
      case 'listTrades':
        return daemon.stores.listTrades(filterOf(parameters));
      case 'listMinerRuns':
        return daemon.stores.listMinerRuns(filterOf(parameters));
      case 'listPositions':
        return daemon.stores.listPositions(filterOf(parameters));
      default: {
        const answer =
          callPortfolios(daemon.stores, method, parameters) ??
          callPlanEditor(daemon.planEditor, method, parameters);
        if (answer !== undefined) return answer;
        throw new UserError({
          exitCode: EXIT_USAGE,
          cause: `the daemon knows no method ${JSON.stringify(method)}`,
          remedy: 'Use an openbell command of the same version as the daemon.',
        });
      }
    }
  };
}

function reasonOf(parameters: Record<string, unknown>): string {
  const { reason } = parameters;
  return typeof reason === 'string' && reason !== '' ? reason.slice(0, REASON_CHARACTERS_MAX) : 'by hand';
}

function filterOf(parameters: Record<string, unknown>): RowFilter {
  const { limit } = parameters;
  const texts = ['batchId', 'strategy', 'symbol', 'since', 'until'].flatMap((name) => {
    const value = parameters[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return { ...Object.fromEntries(texts), ...(typeof limit === 'number' ? { limit } : {}) };
}
