/**
 * Charts as inline SVG. Shapes are stretched to the width of the page with lines of constant width; labels are text of
 * the page, so that they stay readable on a phone.
 */
import { type Stretch, TimeAxis, ticksAround } from './axis.ts';
import { html, type Markup } from './markup.ts';

/** Units of the drawing; the page stretches them. */
const WIDTH = 1_000;
const HEIGHT = 240;

export interface Point {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly value: number;
}

export interface Band {
  readonly atMs: number;
  readonly low: number;
  readonly high: number;
}

export interface Dot extends Point {
  readonly className: string;
  readonly title: string;
}

export interface ChartOptions {
  readonly title: string;
  readonly lines: readonly {
    readonly className: string;
    readonly name: string;
    readonly points: readonly Point[];
  }[];
  readonly bands?: readonly Band[];
  readonly dots?: readonly Dot[];
  /** Fills the room between the first line and this value. */
  readonly areaTo?: number;
  /** Names of the dots' classes for the legend. */
  readonly dotNames?: readonly { readonly className: string; readonly name: string }[];
  /** Takes little room: see {@link TimeAxis}. */
  readonly closed?: readonly Stretch[];
  /** @param step how far the values beside the chart are apart. */
  readonly label: (value: number, step: number) => string;
}

interface Scale {
  readonly x: (atMs: number) => string;
  readonly y: (value: number) => string;
}

export function chart(options: ChartOptions): Markup | null {
  const { lines, bands = [], dots = [] } = options;
  const points = [...lines.flatMap((line) => line.points), ...dots];
  if (points.length === 0) return null;
  const times = span([...points.map(({ atMs }) => atMs), ...bands.map(({ atMs }) => atMs)]);
  const values = span([
    ...points.map(({ value }) => value),
    ...bands.flatMap(({ low, high }) => [low, high]),
    ...(options.areaTo === undefined ? [] : [options.areaTo]),
  ]);
  const { values: ticks, step } = ticksAround(values.low, values.low + values.size);
  const low = ticks[0]!;
  const size = ticks.at(-1)! - low;
  const axis = new TimeAxis({ fromMs: times.low, toMs: times.low + times.size }, options.closed ?? []);
  const scale: Scale = {
    x: (atMs) => (axis.shareOf(atMs) * WIDTH).toFixed(1),
    y: (value) => (HEIGHT - ((value - low) / size) * HEIGHT).toFixed(1),
  };
  return html`<figure class="chart">
<figcaption>${options.title}${legend(options)}</figcaption>
<div class="plot"><div class="ticks">${ticks.toReversed().map((value) => html`<span>${options.label(value, step)}</span>`)}</div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${options.title}">
${ticks.map((value) => html`<path class="grid" d="M0 ${scale.y(value)}H${WIDTH}"/>`)}
${bands.length === 0 ? null : html`<path class="band" d="${bandPath(bands, scale)}"/>`}
${options.areaTo === undefined || lines[0] === undefined ? null : html`<path class="area" d="${areaPath(lines[0].points, options.areaTo, scale)}"/>`}
${lines.map(({ className, points: of }) => html`<path class="line ${className}" d="${linePath(of, scale)}"/>`)}
${dots.map(({ className, title, atMs, value }) => html`<path class="dot ${className}" d="M${scale.x(atMs)} ${scale.y(value)}h0"><title>${title}</title></path>`)}
</svg></div>
<div class="times">${axis.labels().map((text) => html`<span>${text}</span>`)}</div>
</figure>`;
}

function legend({ lines, dotNames = [] }: ChartOptions): Markup {
  const keys = [...(lines.length > 1 || dotNames.length > 0 ? lines : []), ...dotNames];
  return html`<span class="legend">${keys.map(({ className, name }) => html`<span class="key ${className}">${name}</span>`)}</span>`;
}

/** The lowest value and how far it is to the highest; never nothing, so that a flat line can be drawn. */
function span(values: readonly number[]): { readonly low: number; readonly size: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high > low) return { low, size: high - low };
  const room = Math.abs(low) * 0.001 || 1;
  return { low: low - room, size: 2 * room };
}

function linePath(points: readonly Point[], { x, y }: Scale): string {
  return points.map(({ atMs, value }, index) => `${index === 0 ? 'M' : 'L'}${x(atMs)} ${y(value)}`).join('');
}

function areaPath(points: readonly Point[], to: number, scale: Scale): string {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return '';
  const base = scale.y(to);
  return `${linePath(points, scale)}L${scale.x(last.atMs)} ${base}L${scale.x(first.atMs)} ${base}Z`;
}

function bandPath(bands: readonly Band[], { x, y }: Scale): string {
  const upper = bands.map(({ atMs, high }, index) => `${index === 0 ? 'M' : 'L'}${x(atMs)} ${y(high)}`);
  const lower = bands.toReversed().map(({ atMs, low }) => `L${x(atMs)} ${y(low)}`);
  return `${upper.join('')}${lower.join('')}Z`;
}
