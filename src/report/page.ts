/** The report as one page that needs nothing else: no script, no network, every text of a strategy escaped. */
import { closedTimes, placesOf, type Stretch } from './axis.ts';
import { type ChartOptions, chart, type Point } from './chart.ts';
import type { PriceChart, ReportDocument, ReportSpan } from './document.ts';
import { html, Markup } from './markup.ts';
import { STYLE } from './style.ts';
import {
  comparisonTable,
  figureList,
  monthTable,
  openTable,
  resampledTable,
  settingsTable,
  tripTable,
} from './tables.ts';

const DAY_MS = 86_400_000;

/** Nothing may be loaded or run, whatever a text in the page tries. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function renderPage(document: ReportDocument): string {
  const { batchId, environment, strategies, from, to, notes } = document;
  const range = from === null || to === null ? 'nothing happened' : `${minute(from)} to ${minute(to)} UTC`;
  const closed = closedTimes(document.charts.flatMap(({ prices }) => prices.map(({ at }) => Date.parse(at))));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Openbell report ${batchId}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${strategies.length === 0 ? 'no strategy' : strategies.join(', ')}</h1>
<div class="faint">${environment} · ${range} · batch ${batchId}</div>
</header>
${notes.length === 0 ? null : html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
<main>
<h2>Figures</h2>
${figureList(document)}
<h2>Equity</h2>
${equityChart(document, closed)}
${drawdownChart(document, closed)}
<h2>Compared with</h2>
${growthChart(document)}
${comparisonTable(document)}
<h2>With other luck</h2>
${resampledTable(document)}
<h2>Months</h2>
${monthTable(document.months)}
<h2>Trades</h2>
${document.charts.flatMap((one) => [priceChart(one, closed), ...seriesCharts(one, closed)])}
${document.withoutChart === 0 ? null : html`<p class="faint">${document.withoutChart} more symbols were traded, each less than those above.</p>`}
${openTable(document.openPositions)}
${tripTable(document)}
${settingsTable(document.settings)}
</main>
</body>
</html>
`;
  return page.text;
}

function equityChart({ equity }: ReportDocument, closed: readonly Stretch[]): Markup | null {
  return chart({
    closed,
    title: 'Equity, after fees',
    bands: equity.map(({ at, low, high }) => ({ atMs: Date.parse(at), low, high })),
    lines: [{ className: 'own', name: 'this batch', points: closes(equity) }],
    label: amountLabel,
  });
}

/** Growth in percent, of the batch and of what it is compared with, at the ends of days. */
function growthChart({ comparisons, days, from, to, startEquity }: ReportDocument): Markup | null {
  if (comparisons.length === 0) return null;
  const startMs = Date.parse(from ?? '');
  const endMs = Date.parse(to ?? '');
  const classes = ['hold', 'mark'];
  const pointsOf = (growth: readonly number[]): readonly Point[] => [
    { atMs: startMs, value: 0 },
    ...growth.map((value, day) => ({
      atMs: Math.min(endMs, Date.parse(days[day]?.date ?? '') + DAY_MS),
      value: (value - 1) * 100,
    })),
  ];
  const start = Number(startEquity);
  return chart({
    title: 'Growth, percent',
    lines: [
      {
        className: 'own',
        name: 'this batch',
        points: pointsOf(start > 0 ? days.map(({ equity }) => equity / start) : []),
      },
      ...comparisons.map(({ name, growth }, index) => ({
        className: classes[index] ?? 'mark',
        name,
        points: pointsOf(growth),
      })),
    ],
    label: percentLabel,
  });
}

function drawdownChart({ drawdown }: ReportDocument, closed: readonly Stretch[]): Markup | null {
  return chart({
    closed,
    title: 'Fall from the peak, percent',
    areaTo: 0,
    lines: [
      {
        className: 'fall',
        name: 'fall',
        points: drawdown.map(({ at, high }) => ({
          atMs: Date.parse(at),
          value: high === 0 ? 0 : -high * 100,
        })),
      },
    ],
    label: percentLabel,
  });
}

/** How far beyond the prices, in their range, a series may go that is drawn with them. */
const PRICE_ROOM = 0.5;
const SERIES_CLASSES = ['own', 'hold', 'mark', 'gain', 'loss'];

/** Series that are prices themselves, such as averages and bands. */
function isAmongPrices({ prices }: PriceChart, { points }: PriceChart['series'][number]): boolean {
  const low = Math.min(...prices.map((span) => span.low));
  const high = Math.max(...prices.map((span) => span.high));
  const room = (high - low) * PRICE_ROOM;
  return points.every((point) => point.low >= low - room && point.high <= high + room);
}

function lineOf({ name, points }: PriceChart['series'][number], index: number) {
  const className = SERIES_CLASSES[index % SERIES_CLASSES.length]!;
  return { className, name, points: closes(points) };
}

/** Each series that is no price has a chart of its own. */
function seriesCharts(of: PriceChart, closed: readonly Stretch[]): readonly (Markup | null)[] {
  return of.series
    .filter((series) => !isAmongPrices(of, series))
    .map((series) => {
      const title = `${of.symbol}: ${series.name}`;
      return chart({
        title,
        closed,
        lines: [{ ...lineOf(series, 0), className: 'own' }],
        label: amountLabel,
      });
    });
}

function priceChart(of: PriceChart, closed: readonly Stretch[]): Markup | null {
  const { symbol, prices, fills, markers } = of;
  const drawn =
    markers.length === fills ? `${fills} fills` : `${markers.length} of ${fills} fills, evenly picked`;
  const options: ChartOptions = {
    title: `${symbol}: ${drawn}`,
    closed,
    bands: prices.map(({ at, low, high }) => ({ atMs: Date.parse(at), low, high })),
    lines: [
      { className: 'price', name: 'price', points: closes(prices) },
      ...of.series.filter((series) => isAmongPrices(of, series)).map(lineOf),
    ],
    dots: markers.map(({ at, side, price, quantity, reason }) => ({
      atMs: Date.parse(at),
      value: price,
      className: side,
      title: `${minute(at)} ${side} ${quantity} at ${price}${reason === '' ? '' : `: ${reason}`}`,
    })),
    dotNames: [
      { className: 'buy', name: 'bought' },
      { className: 'sell', name: 'sold' },
    ],
    label: amountLabel,
  };
  return chart(options);
}

function closes(spans: readonly ReportSpan[]): readonly Point[] {
  return spans.map(({ at, close }) => ({ atMs: Date.parse(at), value: close }));
}

function amountLabel(value: number, step: number): string {
  const places = placesOf(step);
  return value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
}

function percentLabel(value: number, step: number): string {
  return `${value.toFixed(placesOf(step))} %`;
}

function minute(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ');
}
