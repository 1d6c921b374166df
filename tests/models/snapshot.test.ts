import { cpSync, existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedSnapshot, serveSnapshot } from '../../src/models/snapshot.ts';
import { silentLog } from '../../src/observability/log.ts';
import { execute } from '../support/postgres.ts';
import { preparedDirectory } from './databases.ts';

let directory: string;
let copy: string;
let served: ServedSnapshot;
beforeAll(async () => {
  directory = preparedDirectory();
  copy = join(directory, 'copy');
  cpSync(join(directory, 'database'), copy, { recursive: true });
  served = await serveSnapshot(copy, { log: silentLog });
});
afterAll(async () => {
  await served.close();
  expect(existsSync(copy)).toBe(false);
  rmSync(directory, { recursive: true, force: true });
});

/** The visitor before may not have been shown out yet. */
async function visit(): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client({ connectionString: served.url });
    const isLetIn = await client.connect().then(
      () => true,
      (error: { code?: string }) => {
        if (error.code !== '53300') throw error;
        return false;
      },
    );
    if (isLetIn) return client;
  }
}

describe('a served copy of the embedded database', () => {
  it('answers queries, with and without parameters, and goes on after an error', async () => {
    const client = await visit();
    expect((await client.query('select 1 + 1 as two')).rows).toEqual([{ two: 2 }]);
    await expect(client.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
    expect((await client.query('select $1::int + 1 as three', [2])).rows).toEqual([{ three: 3 }]);
    await expect(client.query('select $1::int / 0', [2])).rejects.toMatchObject({ code: '22012' });
    const many = await client.query(
      'select repeat(md5(i::text), 10) as text from generate_series(1, 20000) i',
    );
    expect(many.rows).toHaveLength(20_000);
    await client.end();
  });

  it('takes no changes, and nothing of one visitor is left for the next', async () => {
    const client = await visit();
    await expect(client.query('create table mine (a int)')).rejects.toMatchObject({ code: '25006' });
    await client.query({ name: 'kept', text: 'select 1' });
    await client.query(`set timezone = 'Asia/Tokyo'`);
    await client.query('begin');
    await client.end();
    await expect
      .poll(() => execute(served.url, 'show timezone').catch(() => null))
      .toEqual([{ TimeZone: 'UTC' }]);
    await expect
      .poll(() =>
        execute(served.url, 'select count(*)::int as count from pg_prepared_statements').catch(() => null),
      )
      .toEqual([{ count: 0 }]);
  });

  it('asks for its password, and takes one visitor at a time', async () => {
    const wrong = served.url.replace(/:[^:@]+@/, ':guess@');
    await expect(execute(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    const client = await visit();
    await expect(execute(served.url, 'select 1')).rejects.toMatchObject({ code: '53300' });
    await client.end();
    await expect.poll(() => execute(served.url, 'select 1 as one').catch(() => null)).toEqual([{ one: 1 }]);
  });

  it('outlives visitors that send garbage or leave without a word', async () => {
    const { port } = new URL(served.url);
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(64, 0xff),
      Buffer.from([0, 0, 0, 9]),
    ]) {
      const socket = connect(Number(port), '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.end(bytes);
      socket.resume();
      await closed;
    }
    await expect.poll(() => execute(served.url, 'select 1 as one').catch(() => null)).toEqual([{ one: 1 }]);
  });
});
