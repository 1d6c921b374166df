// `npm run test:kill -- --runs 300 --seed N`: kills the real daemon so often at random moments under load, and the desk
// in ten times as many runs of the simulator. `--soak 168` has the simulator trade for a week of simulated hours, too.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, seed: { type: 'string' }, soak: { type: 'string' } },
});
for (const [name, text] of Object.entries(values)) {
  if (!/^\d{1,10}$/.test(text)) {
    process.stderr.write(`--${name} ${text}: a whole number is needed, at most ten digits\n`);
    process.exit(2);
  }
}
const seed = values.seed ?? String(Math.floor(Math.random() * 1e9));
process.stdout.write(`seed ${seed}, ${values.runs} runs\n`);
const files = ['tests/execution/simulator.test.ts', 'tests/daemon/kill.test.ts'];
const { status } = spawnSync('npx', ['vitest', 'run', ...files], {
  stdio: 'inherit',
  env: {
    ...process.env,
    OPENBELL_KILL_RUNS: values.runs,
    OPENBELL_SIMULATOR_RUNS: String(10 * Number(values.runs)),
    OPENBELL_KILL_SEED: seed,
    ...(values.soak === undefined ? {} : { OPENBELL_SOAK_HOURS: values.soak }),
  },
});
process.exit(status ?? 1);
