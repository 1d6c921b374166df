/** The page's figures and tables. */
import type { Comparison } from './comparison.ts';
import type { MonthRow, ReportDocument, TripRow } from './document.ts';
import type { Figure } from './figures.ts';
import { html, type Markup } from './markup.ts';

/** Longer tables are no use on a page; the JSON has all rows. */
const TRIPS_SHOWN_MAX = 500;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

export function figureList(document: ReportDocument): Markup {
  const { figures } = document;
  return html`<dl>
${plain('Final equity', amount(document.finalEquity))}
${plain('Profit', amount(document.profit), figures.returnPercent)}
${plain('Return', percent(figures.returnPercent), figures.returnPercent)}
${figure('Return a year', figures.annualReturnPercent, percent)}
${figure('Sharpe', figures.sharpe)}
${figure('Sortino', figures.sortino)}
${figure('Calmar', figures.calmar)}
${plain('Largest fall', `${amount(figures.maxDrawdown)} (${percent(figures.maxDrawdownPercent)})`)}
${plain('Longest fall', `${figures.longestDrawdownDays.toFixed(1)} days`)}
${plain('Round trips', figures.trips.toLocaleString('en-US'))}
${figure('Win rate', figures.winRatePercent, percent)}
${figure('Profit factor', figures.profitFactor)}
${figure('Average trip', figures.averageTrip, amount)}
${figure('Average R', figures.averageRUnits)}
${figure('Average MAE', figures.averageAdverse, amount)}
${figure('Average MFE', figures.averageFavourable, amount)}
${figure('Exposure', figures.exposurePercent, percent)}
${plain('Turnover', figures.turnover === null ? 'unknown' : `${figures.turnover.toFixed(2)} x`)}
${plain('Fills', document.fills.toLocaleString('en-US'))}
${plain('Fees', amount(document.fees))}
${Number(document.costs) === 0 ? null : plain('Borrowing', amount(document.costs))}
</dl>`;
}

export function resampledTable({ resampled, finalEquity, figures }: ReportDocument): Markup {
  if (resampled === null) return html`<p class="faint">Too few round trips to draw from.</p>`;
  const { runs, finalEquity: equity, maxDrawdownPercent: fall, lossPercent } = resampled;
  return html`<div class="scroll"><table>
<tr><th></th><th>this batch</th><th>5 % are below</th><th>half</th><th>5 % are above</th></tr>
<tr><td>final equity</td><td>${amount(finalEquity)}</td><td>${amount(equity.p5)}</td><td>${amount(equity.p50)}</td><td>${amount(equity.p95)}</td></tr>
<tr><td>largest fall</td><td>${percent(figures.maxDrawdownPercent)}</td><td></td><td>${percent(fall.p50)}</td><td>${percent(fall.p95)}</td></tr>
</table></div><p class="faint">As many round trips, drawn from these by chance, ${runs.toLocaleString('en-US')} times; ${percent(lossPercent)} of the draws end with a loss. Falls are those at the ends of round trips.</p>`;
}

export function comparisonTable({ figures, comparisons }: ReportDocument): Markup {
  if (comparisons.length === 0) return html`<p class="faint">Nothing: no prices of the market are known.</p>`;
  const own = { ...figures, name: 'this batch', symbols: [] as readonly string[] };
  const rows = [own, ...comparisons].map(
    (
      row: Pick<
        Comparison,
        'name' | 'symbols' | 'returnPercent' | 'maxDrawdownPercent' | 'sharpe' | 'sortino'
      >,
    ) =>
      html`<tr><td>${row.name}</td>${signed(row.returnPercent)}<td>${percent(row.maxDrawdownPercent)}</td>${cell(row.sharpe)}${cell(row.sortino)}<td class="text long">${listed(row.symbols)}</td></tr>`,
  );
  return html`<div class="scroll"><table>
<tr><th></th><th>return</th><th>largest fall</th><th>Sharpe</th><th>Sortino</th><th class="text">symbols</th></tr>
${rows}
</table></div><p class="faint">Held without fees; falls of what is held are those at the ends of days. * = too few days to mean anything.</p>`;
}

export function monthTable(months: readonly MonthRow[]): Markup {
  const years = [...new Set(months.map(({ month }) => month.slice(0, 4)))];
  const rows = years.map((year) => {
    const own = months.filter(({ month }) => month.startsWith(year));
    const whole = own.reduce((growth, { returnPercent }) => growth * (1 + returnPercent / 100), 1) - 1;
    const cells = MONTHS.map((_, index) => {
      const found = own.find(({ month }) => Number(month.slice(5)) === index + 1);
      return found === undefined ? html`<td></td>` : signed(found.returnPercent);
    });
    return html`<tr><td>${year}</td>${cells}${signed(whole * 100)}</tr>`;
  });
  return html`<div class="scroll"><table>
<tr><th>percent</th>${MONTHS.map((name) => html`<th>${name}</th>`)}<th>year</th></tr>
${rows}
</table></div>`;
}

export function openTable(positions: ReportDocument['openPositions']): Markup | null {
  if (positions.length === 0) return null;
  return html`<h2>Still held</h2><div class="scroll"><table>
<tr><th>strategy</th><th class="text">symbol</th><th>quantity</th><th>entered at</th><th>worth each</th></tr>
${positions.map((row) => html`<tr><td>${row.instanceId}</td><td class="text">${row.symbol}</td><td>${row.qty}</td><td>${price(row.avgPrice)}</td><td>${price(row.price)}</td></tr>`)}
</table></div>`;
}

export function tripTable({ trips, figures, settings }: ReportDocument): Markup {
  if (trips.length === 0) return html`<p class="faint">No round trip was finished.</p>`;
  const shown = trips.slice(-TRIPS_SHOWN_MAX);
  const which =
    shown.length === figures.trips
      ? `${figures.trips}`
      : `${shown.length} of ${figures.trips.toLocaleString('en-US')}, the last ones`;
  // Where nothing changed, the strategy says it all.
  const isChanged = new Set(settings.map((one) => one.instanceId)).size < settings.length;
  return html`<h2>Round trips: ${which}</h2><div class="scroll"><table>
<tr><th>from (UTC)</th><th>to</th><th class="text">strategy</th><th class="text">symbol</th><th>side</th><th>quantity</th><th>entry</th><th>exit</th><th>gain</th><th>%</th><th>MAE</th><th>MFE</th><th>R</th>${isChanged ? html`<th>settings</th>` : null}<th class="text">why in</th><th class="text">why out</th></tr>
${shown.map((trip) => tripLine(trip, isChanged))}
</table></div>`;
}

export function settingsTable(settings: ReportDocument['settings']): Markup | null {
  if (settings.length === 0) return null;
  return html`<h2>Settings</h2><div class="scroll"><table>
<tr><th>number</th><th class="text">strategy</th><th>since (UTC)</th><th class="text">version</th><th class="text">parameters</th></tr>
${settings.map(
  (one) =>
    html`<tr><td>${String(one.number)}</td><td class="text">${one.instanceId}</td><td>${one.since.slice(0, 19).replace('T', ' ')}</td><td class="text">${one.version.slice(0, 8)}</td><td class="text long">${JSON.stringify(one.parameters)}</td></tr>`,
)}
</table></div>`;
}

function tripLine(trip: TripRow, isChanged: boolean): Markup {
  return html`<tr><td>${minute(trip.from)}</td><td>${minute(trip.to)}</td><td class="text">${trip.instanceId}</td><td class="text">${trip.symbol}</td><td>${trip.side}</td><td>${trip.qty}</td><td>${price(trip.entryPrice)}</td><td>${price(trip.exitPrice)}</td><td class="${tone(Number(trip.gain))}">${amount(trip.gain)}</td>${signed(trip.returnPercent)}<td>${optional(trip.maxAdverse)}</td><td>${optional(trip.maxFavourable)}</td><td>${optional(trip.rUnits)}</td>${isChanged ? html`<td>${settingsOf(trip)}</td>` : null}<td class="text long">${trip.entryReason}</td><td class="text long">${trip.exitReason}</td></tr>`;
}

/** Entered with one, left with another. */
function settingsOf({ entrySettings, exitSettings }: TripRow): string {
  const [entry, exit] = [entrySettings, exitSettings].map((number) =>
    number === null ? '?' : String(number),
  );
  return entry === exit ? String(entry) : `${entry}, ${exit}`;
}

function plain(name: string, value: string, toneOf = 0): Markup {
  return html`<div><dt>${name}</dt><dd class="${tone(toneOf)}">${value}</dd></div>`;
}

function figure(name: string, of: Figure, format: (value: number) => string = fixed): Markup {
  const { value, sample, sampleOf } = of;
  if (value === null) return html`<div><dt>${name}</dt><dd class="faint">unknown</dd></div>`;
  if (of.isMeaningful) return html`<div><dt>${name}</dt><dd>${format(value)}</dd></div>`;
  return html`<div class="thin"><dt>${name}</dt><dd>${format(value)}<small>not meaningful: ${sample} ${sampleOf}</small></dd></div>`;
}

function cell({ value, isMeaningful }: Figure): Markup {
  return html`<td>${value === null ? '' : `${fixed(value)}${isMeaningful ? '' : '*'}`}</td>`;
}

function signed(value: number): Markup {
  return html`<td class="${tone(value)}">${value.toFixed(2)}</td>`;
}

function tone(value: number): string {
  return value > 0 ? 'gain' : value < 0 ? 'loss' : '';
}

function optional(value: number | null): string {
  return value === null ? '' : fixed(value);
}

function fixed(value: number): string {
  return value.toFixed(2);
}

function percent(value: number): string {
  return `${value.toFixed(2)} %`;
}

function amount(value: number | string): string {
  return Number(value).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Averages have any number of decimals; a page shows as many as prices have. */
function price(exact: string | number): string {
  const value = Number(exact);
  return Number.isFinite(value) ? String(Number(value.toFixed(Math.abs(value) >= 1 ? 4 : 8))) : String(exact);
}

function listed(symbols: readonly string[]): string {
  const shown = symbols.slice(0, 5).join(', ');
  return symbols.length > 5 ? `${shown} and ${symbols.length - 5} more` : shown;
}

function minute(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ');
}
