/**
 * All data of a run. Every file is looked at twice: first to see what it holds and whether it can be used, so that a
 * wrong row is told before anything has run; then for the run.
 */
import type { EpochMicros } from '../../domain/time.ts';
import { type Batch, EventKind } from '../../tape/batch.ts';
import type { Splits } from './actions.ts';
import { align } from './align.ts';
import { type DataFile, type DataFileOptions, openDataFile, readDataFile, readSorted } from './files.ts';
import { DataInspection, type DataReport } from './inspect.ts';
import { KEPT_BYTES_MAX, type KeptBudget, KeptRows } from './kept.ts';
import { mergeStreams } from './merge.ts';

export interface SourcesOptions extends DataFileOptions {
  readonly paths: readonly string[];
  readonly barMicros: number;
  readonly badData: 'refuse' | 'repair';
  /** Rows from before splits are restated before anybody looks at them. */
  readonly splits?: Splits;
  /** Told how much of all files has been looked at. */
  onProgress?(share: number): void;
}

export interface Sources {
  readonly rows: number;
  readonly hasBars: boolean;
  readonly hasTicks: boolean;
  /** When the first event happened: of a bar its start. Null without any. */
  readonly firstMicros: EpochMicros | null;
  /** When the last one became known. */
  readonly lastMicros: EpochMicros | null;
  /** All files' rows in the order in which they became known. Each batch is valid until the next is asked for. */
  batches(): AsyncGenerator<Batch, void, undefined>;
  /** What was found wrong or worth a look: complete when all batches were read. */
  report(): DataReport;
}

interface Survey {
  readonly file: DataFile;
  readonly rows: number;
  readonly hasBars: boolean;
  readonly hasTicks: boolean;
  readonly isOrdered: boolean;
  readonly outOfOrder: number;
  readonly firstMicros: EpochMicros;
  readonly lastMicros: EpochMicros;
  readonly kept: KeptRows | null;
}

/** Rows of bars wait for their bar's end; so a file of both is read as two streams, each of them in order. */
type Part = 'all' | 'bars' | 'ticks';

/** @throws {UserError} exit code 2 when a file cannot be read, or has rows that cannot be right. */
export async function openSources(options: SourcesOptions): Promise<Sources> {
  const surveying = new DataInspection(options.badData, options.barMicros);
  const files = await Promise.all(options.paths.map((path) => openDataFile(path, options)));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const surveys: Survey[] = [];
  const budget = { bytesLeft: KEPT_BYTES_MAX };
  let bytesBefore = 0;
  for (const file of files) {
    surveys.push(await survey(file, surveying, { ...options, budget }));
    bytesBefore += file.bytes;
    options.onProgress?.(bytes === 0 ? 1 : bytesBefore / bytes);
  }
  surveying.check();
  const reading = new DataInspection('repair', options.barMicros);
  const some = surveys.filter(({ rows }) => rows > 0);
  return {
    rows: some.reduce((sum, { rows }) => sum + rows, 0),
    hasBars: some.some(({ hasBars }) => hasBars),
    hasTicks: some.some(({ hasTicks }) => hasTicks),
    firstMicros: some.length === 0 ? null : Math.min(...some.map(({ firstMicros }) => firstMicros)),
    lastMicros: some.length === 0 ? null : Math.max(...some.map(({ lastMicros }) => lastMicros)),
    batches: () =>
      mergeStreams(
        some.flatMap((of) => {
          const parts: Part[] = of.hasBars && of.hasTicks ? ['bars', 'ticks'] : ['all'];
          return parts.map((part) =>
            streamOf(of, part, {
              inspection: reading,
              barMicros: options.barMicros,
              splits: options.splits,
            }),
          );
        }),
      ),
    report: () => reading.report(),
  };
}

async function survey(
  file: DataFile,
  inspection: DataInspection,
  options: { readonly barMicros: number; readonly splits?: Splits; readonly budget: KeptBudget },
): Promise<Survey> {
  const looking = inspection.file(file.path, file.symbols);
  const kept = file.type !== 'tape' ? new KeptRows(options.budget) : null;
  let rows = 0;
  let hasBars = false;
  let hasTicks = false;
  let isOrdered = true;
  let firstMicros = Number.POSITIVE_INFINITY;
  let lastMicros = Number.NEGATIVE_INFINITY;
  const lastKnown = { bars: Number.NEGATIVE_INFINITY, ticks: Number.NEGATIVE_INFINITY };
  const onBadLine = (line: number, reason: string) => {
    kept?.drop();
    looking.badLine(line, reason);
  };
  for await (const { batch, placeOf } of readDataFile(file, onBadLine)) {
    kept?.keep({ batch, placeOf });
    options.splits?.restate(batch);
    looking.look(batch, placeOf);
    align(batch, options.barMicros);
    for (let row = 0; row < batch.count; row += 1) {
      const kind = batch.kind[row]!;
      if (kind === EventKind.none) continue;
      const part = isBar(kind) ? 'bars' : 'ticks';
      const known = batch.receivedMicros(row);
      if (known < lastKnown[part]) isOrdered = false;
      lastKnown[part] = known;
      if (part === 'bars') hasBars = true;
      else hasTicks = true;
      rows += 1;
      firstMicros = Math.min(firstMicros, batch.timeMicros(row));
      lastMicros = Math.max(lastMicros, known);
    }
  }
  // Of both kinds it is read once for each, and out of order it is sorted.
  if ((hasBars && hasTicks) || !isOrdered) kept?.drop();
  return {
    file,
    kept,
    rows,
    hasBars,
    hasTicks,
    isOrdered,
    outOfOrder: looking.outOfOrder,
    firstMicros,
    lastMicros,
  };
}

async function* streamOf(
  { file, isOrdered, outOfOrder, kept }: Survey,
  part: Part,
  how: {
    readonly inspection: DataInspection;
    readonly barMicros: number;
    readonly splits: Splits | undefined;
  },
): AsyncGenerator<Batch, void, undefined> {
  const looking = how.inspection.file(file.path, file.symbols);
  const onBadLine = (line: number, reason: string) => looking.badLine(line, reason);
  if (outOfOrder > 0) how.inspection.sorted(outOfOrder);
  const read = isOrdered ? readDataFile : readSorted;
  const batches = kept?.take() ?? read(file, onBadLine);
  for await (const { batch, placeOf } of batches) {
    if (part !== 'all') leaveOnly(batch, part);
    how.splits?.restate(batch);
    looking.look(batch, placeOf);
    align(batch, how.barMicros);
    yield batch;
  }
}

function leaveOnly(batch: Batch, part: 'bars' | 'ticks'): void {
  for (let row = 0; row < batch.count; row += 1) {
    if (isBar(batch.kind[row]!) !== (part === 'bars')) batch.kind[row] = EventKind.none;
  }
}

function isBar(kind: number): boolean {
  return kind === EventKind.minuteBar || kind === EventKind.dailyBar;
}
