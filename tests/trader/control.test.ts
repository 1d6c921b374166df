import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { decimal } from '../../src/domain/decimal.ts';
import { UserError } from '../../src/domain/exit.ts';
import { ControlServer, connectControl, controlSocketPath } from '../../src/trader/control/control.ts';

let directory: string;
let server: ControlServer | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'openbell-control-'));
});

afterEach(async () => {
  await server?.close();
  server = null;
  rmSync(directory, { recursive: true, force: true });
});

async function client() {
  const connected = await connectControl(directory, liveClock);
  if (connected === null) throw new Error('nobody listens');
  return connected;
}

describe('the control socket', () => {
  it('answers each request with its own answer, amounts as text', async () => {
    server = await ControlServer.listen(directory, async (method, parameters) => ({
      method,
      parameters,
      equity: decimal('100000.25'),
    }));
    const caller = await client();
    const answers = await Promise.all([caller.call('one', { a: 1 }), caller.call('two')]);
    caller.close();
    expect(answers).toEqual([
      { method: 'one', parameters: { a: 1 }, equity: '100000.25' },
      { method: 'two', parameters: {}, equity: '100000.25' },
    ]);
  });

  it("is the owner's alone", async () => {
    server = await ControlServer.listen(directory, async () => null);
    expect(statSync(controlSocketPath(directory)).mode & 0o777).toBe(0o600);
  });

  it('hands a refusal over with its exit code and what to do', async () => {
    server = await ControlServer.listen(directory, async () => {
      throw new UserError({ exitCode: 2, cause: 'no such batch', remedy: 'look at `openbell runs`' });
    });
    const caller = await client();
    await expect(caller.call('trades')).rejects.toMatchObject({
      exitCode: 2,
      message: 'no such batch',
      remedy: 'look at `openbell runs`',
    });
    caller.close();
  });

  it('survives a visitor who sends rubbish', async () => {
    server = await ControlServer.listen(directory, async () => 'fine');
    const visitor = connect(controlSocketPath(directory));
    const heard = await new Promise<string>((done) => {
      visitor.setEncoding('utf8').once('data', (text: string) => done(text));
      visitor.write('{"id":7,\n');
    });
    expect(JSON.parse(heard)).toMatchObject({ ok: false });
    visitor.write('x'.repeat(100_000));
    await new Promise<void>((done) => visitor.once('close', () => done()));
    const caller = await client();
    await expect(caller.call('status')).resolves.toBe('fine');
    caller.close();
  });

  it('is found to be nobody where no daemon runs', async () => {
    expect(await connectControl(directory, liveClock)).toBeNull();
  });

  it('takes over the socket file of a daemon that was killed', async () => {
    server = await ControlServer.listen(directory, async () => 'first');
    const second = await ControlServer.listen(directory, async () => 'second');
    const caller = await client();
    await expect(caller.call('who')).resolves.toBe('second');
    caller.close();
    await second.close();
  });

  it('finds a place for the socket of a directory whose path is too long for one', () => {
    const path = controlSocketPath(join(directory, 'x'.repeat(120)));
    expect(Buffer.byteLength(path)).toBeLessThan(104);
  });
});
