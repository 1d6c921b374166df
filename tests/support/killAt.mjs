// Preloaded into a daemon (`node --import "killAt.mjs?step=send_before&times=2"`): kills the process when its desk
// reaches the step so many times.
import { subscribe } from 'node:diagnostics_channel';

const wanted = new URL(import.meta.url).searchParams;
let left = Number(wanted.get('times') ?? '1');

subscribe('openbell.desk.step', (step) => {
  if (step !== wanted.get('step')) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});
