/** A real PostgreSQL for tests: the system's own binaries, a cluster in a temporary folder, a port of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface RunningPostgres {
  /** A URL of the superuser `openbell`, with password, to an empty database. */
  readonly url: string;
  /** Makes another database, empty or a copy of an existing one, and answers its URL. Takes some 15 ms. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** Ends it without a farewell, as a crash does; {@link restart} brings it back with all that was committed. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

const BINARIES = '/usr/lib/postgresql';
const PASSWORD = 'a b/c@d';

/**
 * Starts one, or answers null (and prints why) where PostgreSQL is not installed. With `OPENBELL_TEST_NO_SKIP` set
 * its absence is an error: a continuous integration that silently tests less is worse than a red one.
 */
export async function startPostgres(): Promise<RunningPostgres | null> {
  const binaries = findBinaries();
  if (binaries === null) {
    const reason = `no PostgreSQL server below ${BINARIES} (apt-get install postgresql)`;
    if (process.env.OPENBELL_TEST_NO_SKIP !== undefined) throw new Error(reason);
    process.stderr.write(`skipped: ${reason}\n`);
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'openbell-postgres-'));
  const data = join(folder, 'data');
  const account = serverAccount();
  if (account !== null) chownSync(folder, account.uid, account.gid);
  const run = (program: string, parameters: string[]) =>
    execFileSync(join(binaries, program), parameters, { ...account, cwd: folder, stdio: 'pipe' });
  run('initdb', [
    '--pgdata',
    data,
    '--username',
    'openbell',
    '--auth',
    'trust',
    '--no-sync',
    '--encoding',
    'UTF8',
  ]);
  const port = await freePort();
  const serve = () =>
    spawn(
      join(binaries, 'postgres'),
      ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
      { ...account, cwd: folder, stdio: 'ignore' },
    );
  let server = serve();
  const urlOf = (name: string) =>
    `postgres://openbell:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${name}`;
  const close = async () => {
    await stop(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswering(urlOf('postgres'), server);
    await execute(urlOf('postgres'), `alter user openbell password '${PASSWORD}'`);
    run('psql', [
      '-X',
      '-q',
      '-h',
      folder,
      '-p',
      String(port),
      '-U',
      'openbell',
      '-d',
      'postgres',
      '-c',
      HARDEN,
    ]);
    const createDatabase = async (name: string, template = 'template0') => {
      await execute(urlOf('postgres'), `create database "${name}" template "${template}"`);
      return urlOf(name);
    };
    const restart = async () => {
      server = serve();
      await untilAnswering(urlOf('postgres'), server);
    };
    const url = await createDatabase('openbell');
    return { url, createDatabase, crash: () => stop(server), restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}

// Passwords are asked for over TCP, as a server in the world does.
const HARDEN = `copy (select 'local all all trust' union all select 'host all all 127.0.0.1/32 scram-sha-256') to program 'cat > pg_hba.conf'; select pg_reload_conf()`;

/** Runs one statement on a connection of its own. */
export async function execute(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function findBinaries(): string | null {
  if (!existsSync(BINARIES)) return null;
  const versions = readdirSync(BINARIES)
    .filter((version) => existsSync(join(BINARIES, version, 'bin/postgres')))
    .sort((a, b) => Number(b) - Number(a));
  return versions[0] === undefined ? null : join(BINARIES, versions[0], 'bin');
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
function serverAccount(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilAnswering(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await execute(url, 'select 1');
      return;
    } catch (error) {
      if (server.exitCode !== null || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  // Immediate shutdown: what is in it is thrown away anyway.
  server.kill('SIGQUIT');
  await ended;
}
