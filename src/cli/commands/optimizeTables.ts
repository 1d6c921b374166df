/** What `openbell optimize` shows to people. */
import type { SearchResult, TrialResult } from '../../optimizer/search.ts';
import { type Column, paintAmount, print, renderTable } from '../output.ts';
import { resampledText } from '../resampled.ts';

export function showSearch(result: SearchResult, top: number): void {
  const { trials, walkForward, objective } = result;
  const failed = trials.filter(({ figures }) => (figures?.faults ?? 0) > 0).length;
  const refused = trials.filter((trial) => trial.refused !== null);
  print(`searched ${day(result.search.from)} to ${day(result.search.to)} for the most ${objective}`);
  print(
    renderTable(
      TRIALS,
      trials.filter(({ figures }) => figures !== null).slice(0, top),
      'no trial could be run',
    ),
  );
  print('');
  if (refused.length > 0)
    print(`${refused.length} combinations are not taken, such as: ${refused[0]?.refused}`);
  if (failed > 0) print(`${failed} trials failed; \`openbell backtest\` with their parameters says why`);
  showDeflation(result);
  const best = trials[0]?.figures;
  if (best != null)
    print(`the best trial's round trips drawn again ${resampledText(best.metrics.resampled)}`);
  if (walkForward.length > 0) {
    print('');
    print('walk-forward: chosen on all that lies before, tested on what follows');
    print(renderTable(FOLDS, walkForward, ''));
  }
  const { holdout } = result;
  if (holdout === null) return;
  print('');
  const span = `${day(holdout.span.from)} to ${day(holdout.span.to)}`;
  if (holdout.type === 'used') {
    print(
      `hold-out ${span}: not shown. Session ${holdout.sessionId} has looked at it, so it proves nothing any more; newer data would.`,
    );
    return;
  }
  print(`hold-out ${span}, shown once, to the best trial`);
  print(renderTable(TRIALS, [holdout.result], ''));
}

function showDeflation({ deflation }: SearchResult): void {
  if (deflation === null) {
    print('There are too few sessions to say how much of the best trial is luck.');
    return;
  }
  const { trials, sharpe, expectedMaximumSharpe, deflatedSharpe, sessions } = deflation;
  print(
    `of ${trials} trials without skill the best would have had a Sharpe ratio a session of ${expectedMaximumSharpe.toFixed(4)}; the best here has ${sharpe.toFixed(4)}`,
  );
  if (deflatedSharpe !== null) {
    print(
      `probability that it has skill, corrected for the number of trials (${sessions} sessions): ${(deflatedSharpe * 100).toFixed(1)} %`,
    );
  }
}

function textOf({ parameters }: TrialResult): string {
  return Object.entries(parameters)
    .flatMap(([id, values]) =>
      Object.entries(values as Record<string, unknown>).map(
        ([name, value]) => `${id}.${name}=${String(value)}`,
      ),
    )
    .join(' ');
}

function figure(value: number | null | undefined): string {
  return value == null ? 'too few to say' : String(Number(value.toFixed(4)));
}

function day(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ');
}

const TRIALS: readonly Column<TrialResult>[] = [
  { title: 'parameters', value: textOf },
  { title: 'score', align: 'right', value: ({ score }) => figure(score) },
  {
    title: 'return %',
    align: 'right',
    value: ({ figures }) => paintAmount(String(figures?.metrics.returnPercent)),
  },
  {
    title: 'largest fall %',
    align: 'right',
    value: ({ figures }) => figure(figures?.metrics.maxDrawdownPercent),
  },
  { title: 'Sharpe', align: 'right', value: ({ figures }) => figure(figures?.metrics.sharpe) },
  { title: 'round trips', align: 'right', value: ({ figures }) => String(figures?.metrics.trades) },
  { title: 'equity', align: 'right', value: ({ figures }) => figures?.finalEquity ?? '' },
];

const FOLDS: readonly Column<SearchResult['walkForward'][number]>[] = [
  { title: 'test from', value: ({ test }) => day(test.from) },
  { title: 'to', value: ({ test }) => day(test.to) },
  { title: 'chosen', value: ({ best }) => (best === null ? 'none' : textOf(best)) },
  { title: 'score before', align: 'right', value: ({ best }) => figure(best?.score) },
  { title: 'and after', align: 'right', value: ({ tested }) => figure(tested?.score) },
  {
    title: 'return %',
    align: 'right',
    value: ({ tested }) =>
      tested?.figures == null ? '' : paintAmount(String(tested.figures.metrics.returnPercent)),
  },
];
