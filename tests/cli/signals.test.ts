import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onStopRequest } from '../../src/cli/signals.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { startOpenbell } from '../support/openbell.ts';

const SECOND = 1_000_000;

function listen() {
  const clock = new SimulatedClock(0);
  const source = new EventEmitter();
  const calls: string[] = [];
  const forget = onStopRequest(
    clock,
    {
      onStop: (signal) => calls.push(`stop ${signal}`),
      onForce: (signal) => calls.push(`force ${signal}`),
    },
    source,
  );
  const send = (signal: string) => source.emit(signal, signal);
  return { clock, source, calls, forget, send };
}

describe('signals', () => {
  it('within one second of each other are one request, as when a terminal and npm both pass Ctrl-C on', () => {
    const { clock, calls, send } = listen();
    send('SIGINT');
    send('SIGINT');
    clock.advanceTo(SECOND);
    send('SIGTERM');
    expect(calls).toEqual(['stop SIGINT']);
  });

  it('that come later end the process at once', () => {
    const { clock, calls, send } = listen();
    send('SIGTERM');
    clock.advanceTo(SECOND + 1_000);
    send('SIGINT');
    expect(calls).toEqual(['stop SIGTERM', 'force SIGINT']);
  });

  it('are left alone again when nobody listens any more', () => {
    const { source, forget } = listen();
    forget();
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });
});

it('ends well when the one who reads along has gone', async () => {
  const running = startOpenbell(['completion', 'bash']);
  running.child.stdout?.destroy();
  const { exitCode, stderr } = await running.finished;
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
});
