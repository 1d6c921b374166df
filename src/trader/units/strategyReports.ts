/** What strategies report by their consumers: states, faults, symbols that they reject, log lines. */
import type { Log } from '../../observability/log.ts';
import type { ConsumerReport } from '../../transport/messages.ts';
import type { Alerts } from '../alerts.ts';
import type { PlotFile } from '../plotFile.ts';
import type { States } from './states.ts';
import type { Universe } from './universe.ts';

export type StrategyReport = Extract<
  ConsumerReport,
  { type: 'states' | 'fault' | 'rejected' | 'log' | 'plot' }
>;

export function takeStrategyReport(
  parts: {
    readonly alerts: Alerts;
    readonly log: Log;
    readonly states: States;
    readonly universe: Universe;
    readonly plots: PlotFile;
  },
  consumer: string,
  report: StrategyReport,
): void {
  const { alerts, log, states, universe } = parts;
  switch (report.type) {
    case 'states':
      states.note(report.states);
      return;
    case 'fault':
      universe.endUnit(report.unit);
      alerts.raise({
        severity: 'critical',
        code: 'strategy_fault',
        message: `strategy ${report.unit.instanceId} was stopped for ${report.symbol}: ${report.handler} threw ${report.message}`,
        fields: {
          consumer,
          strategy: report.unit.instanceId,
          symbol: report.symbol,
          handler: report.handler,
          stack: report.stack,
        },
      });
      return;
    case 'rejected':
      // The unit stays where it is: its host no longer shows it the symbol, and still closes what it holds.
      universe.reject(report.unit, report.symbol);
      log.info(
        { consumer, strategy: report.unit.instanceId, symbol: report.symbol, reason: report.reason },
        'the strategy rejects the symbol for today',
      );
      return;
    case 'plot':
      parts.plots.note(report);
      return;
    case 'log':
      log[report.level](
        { consumer, strategy: report.unit.instanceId, symbol: report.unit.symbol, ...report.fields },
        report.message,
      );
      return;
  }
}
