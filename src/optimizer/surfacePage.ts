/** The surface of a search as a page that needs nothing else: no script, no font, no network. */
import type { ParameterRange } from '../tradeplan/plan.ts';
import type { SearchResult } from './search.ts';
import { ownerOf } from './session.ts';
import { type Surface, surfacesOf } from './surface.ts';

const SURFACES_MAX = 28;
const CELL_WIDTH = 64;
const CELL_HEIGHT = 32;
const LEFT = 150;
const TOP = 56;
/** Red, green and blue of the lowest, the middle and the highest score; told apart by the colour-blind too. */
const LOW = [33, 102, 172] as const;
const MIDDLE = [247, 247, 247] as const;
const HIGH = [178, 24, 43] as const;

export function surfacePage(result: SearchResult, ranges: readonly ParameterRange[]): string {
  const surfaces = surfacesOf(ranges, result.trials, SURFACES_MAX);
  const objective = result.objective.replaceAll('_', ' ');
  const body =
    surfaces.length === 0
      ? '<p>Only one combination was tried: there is no surface.</p>'
      : surfaces.map((surface) => figure(surface)).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Parameter surface</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
figure { margin: 2em 0; overflow-x: auto }
text { font: 12px system-ui, sans-serif }
</style></head><body>
<h1>Parameter surface: ${escaped(objective)}</h1>
<p>Session ${escaped(result.sessionId)}, ${escaped(result.search.from)} to ${escaped(result.search.to)}, ${result.trials.length} trials. Each cell is the mean over all other parameters, blue for the lowest, red for the highest; grey where no trial has a figure. A best value with poor neighbours is most likely luck.</p>
${body}
</body></html>
`;
}

function figure({ across, down, cells }: Surface): string {
  const rows = down?.values ?? [''];
  const means = cells.map(({ mean }) => mean);
  const lowest = means.reduce((least, mean) => Math.min(least, mean), Number.POSITIVE_INFINITY);
  const highest = means.reduce((most, mean) => Math.max(most, mean), Number.NEGATIVE_INFINITY);
  const width = LEFT + across.values.length * CELL_WIDTH + 8;
  const height = TOP + rows.length * CELL_HEIGHT + 8;
  // One ground for all: of a drawn search most cells may be empty.
  const ground = `<rect x="${LEFT}" y="${TOP}" width="${across.values.length * CELL_WIDTH - 1}" height="${rows.length * CELL_HEIGHT - 1}" fill="#ddd"/>`;
  const boxes = cells.map(({ column, row, mean, best, count }) => {
    const share = highest > lowest ? (mean - lowest) / (highest - lowest) : 0.5;
    const [x, y] = [LEFT + (column + 0.5) * CELL_WIDTH, TOP + (row + 0.6) * CELL_HEIGHT];
    const ink = Math.abs(share - 0.5) > 0.35 ? '#fff' : '#222';
    const title = `mean ${text(mean)}, best ${text(best)}, ${count} trials`;
    return `<g><title>${title}</title>${box(column, row, `fill="${colour(share)}"`)}<text x="${x}" y="${y}" text-anchor="middle" fill="${ink}">${text(mean)}</text></g>`;
  });
  const columnLabels = across.values.map(
    (value, column) =>
      `<text x="${LEFT + (column + 0.5) * CELL_WIDTH}" y="${TOP - 8}" text-anchor="middle">${escaped(String(value))}</text>`,
  );
  const rowLabels = rows.map(
    (value, row) =>
      `<text x="${LEFT - 8}" y="${TOP + (row + 0.6) * CELL_HEIGHT}" text-anchor="end">${escaped(String(value))}</text>`,
  );
  const caption = `${nameOf(across)} across${down === null ? '' : `, ${nameOf(down)} down`}`;
  return `<figure><figcaption>${escaped(caption)}</figcaption>
<svg width="${width}" height="${height}" role="img" aria-label="${escaped(caption)}">
${[ground, ...boxes, ...columnLabels, ...rowLabels].join('\n')}
</svg></figure>`;
}

function box(column: number, row: number, fill: string): string {
  return `<rect x="${LEFT + column * CELL_WIDTH}" y="${TOP + row * CELL_HEIGHT}" width="${CELL_WIDTH - 1}" height="${CELL_HEIGHT - 1}" ${fill}/>`;
}

function colour(share: number): string {
  const [from, to, way] = share < 0.5 ? [LOW, MIDDLE, share * 2] : [MIDDLE, HIGH, share * 2 - 1];
  const parts = from.map((value, index) => Math.round(value + (to[index]! - value) * way));
  return `rgb(${parts.join(' ')})`;
}

function nameOf(range: ParameterRange): string {
  return `${ownerOf(range)}.${range.parameter}`;
}

function text(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
