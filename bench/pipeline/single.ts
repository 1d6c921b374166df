/** Process: measures one pipeline once and prints the figures, so that no run inherits another's heap and compiled code. */
import type { PipelineName } from './report.ts';
import { measure, type Workload } from './run.ts';

const [pipeline, workload] = process.argv.slice(2);
const measured = await measure(pipeline as PipelineName, JSON.parse(workload ?? '') as Workload);
process.stdout.write(JSON.stringify(measured));
process.exit();
