/**
 * `npm run bench`: all benchmarks of the live path, one after another on a machine that should do nothing else, and
 * their figures into docs/PERFORMANCE.md. `-- --json` prints `{pipeline, latency, overload, spread, recording}` as well;
 * `-- --only latency` measures one again and leaves the other figures as they stand.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { liveClock } from '../src/clock/live.ts';
import { formatMicros } from '../src/domain/time.ts';
import { machineText, thisMachine } from './alone.ts';
import { BENCHMARKS, type BenchmarkName, type Figures, figuresInto } from './document.ts';

/** As they were measured last; the document is made of them. */
const RESULTS = 'docs/performance.json';
const DOCUMENT = 'docs/PERFORMANCE.md';
const OUTPUT_BYTES_MAX = 16 * 1_048_576;

const run = promisify(execFile);
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
});
if (values.only !== undefined && !BENCHMARKS.includes(values.only as BenchmarkName)) {
  process.stderr.write(`error: --only takes one of ${BENCHMARKS.join(', ')}\n`);
  process.exit(2);
}
const figures: Figures = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Figures) : {};
const machine = machineText(thisMachine());
for (const name of BENCHMARKS) {
  if (values.only !== undefined && values.only !== name) continue;
  process.stderr.write(`${name} ...\n`);
  const program = fileURLToPath(new URL(`./${name}/main.js`, import.meta.url));
  const { stdout } = await run(process.execPath, [program, '--json'], { maxBuffer: OUTPUT_BYTES_MAX });
  figures[name] = {
    ...JSON.parse(stdout),
    machine,
    measuredOn: formatMicros(liveClock.nowMicros()).slice(0, 10),
  };
}
writeFileSync(RESULTS, `${JSON.stringify(figures, null, 2)}\n`);
const document = figuresInto(readFileSync(DOCUMENT, 'utf8'), figures);
writeFileSync(DOCUMENT, document);
process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : document);
