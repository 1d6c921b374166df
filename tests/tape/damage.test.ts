/** Files that are no tape, or no whole one, and places that are none for a file: what people are told, and what is kept. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveClock as clock } from '../../src/clock/live.ts';
import type { Damage } from '../../src/tape/blocks.ts';
import { exportTape } from '../../src/tape/export.ts';
import { BlockType, encodeBlock, Packing, PREAMBLE_BYTES } from '../../src/tape/file.ts';
import { importTape } from '../../src/tape/import.ts';
import { tapeInfo, verifyTape } from '../../src/tape/info.ts';

const BARS = 20_000;
const CLI = resolve('dist/cli/openbell.js');

let folder: string;
let tape: string;
let whole: Buffer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'openbell-damage-'));
  tape = join(folder, 'x.tape');
  const lines = Array.from({ length: BARS }, (_, minute) => {
    const time = new Date(Date.UTC(2024, 2, 4) + minute * 60_000).toISOString();
    return `${time},A${minute % 100},${1 + minute},${2 + minute},${minute},${1 + minute},100`;
  });
  writeFileSync(join(folder, 'x.csv'), `time,symbol,open,high,low,close,volume\n${lines.join('\n')}\n`);
  await importTape({ format: 'csv', inputs: [join(folder, 'x.csv')], output: tape, clock });
  whole = readFileSync(tape);
});
afterEach(() => rmSync(folder, { recursive: true }));

function flipBit(place: number): void {
  const bytes = Buffer.from(whole);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(tape, bytes);
}

describe('a file that is no whole tape', () => {
  it('is damaged, not torn, where a bit of its last block is wrong', async () => {
    flipBit(whole.length - 20);
    const { isWhole, rows, tornBytes, damages } = await verifyTape(tape);
    expect({ isWhole, tornBytes, damages: damages.length }).toEqual({
      isWhole: false,
      tornBytes: 0,
      damages: 1,
    });
    expect(rows).toBeLessThan(BARS);
  });

  it('is torn where its writer was killed amid a block, or a loss of power left zeros', async () => {
    for (const bytes of [whole.subarray(0, -20), Buffer.concat([whole, Buffer.alloc(4_096)])]) {
      writeFileSync(tape, bytes);
      expect(await verifyTape(tape)).toMatchObject({ isWhole: true, damages: [] });
      expect((await tapeInfo(tape)).tornBytes).toBeGreaterThan(0);
    }
  });

  it('holds nothing that can be read where its beginning is damaged, or was never written', async () => {
    flipBit(PREAMBLE_BYTES + 30);
    expect(await verifyTape(tape)).toMatchObject({ isWhole: false, rows: 0 });
    await expect(tapeInfo(tape)).rejects.toThrow('is damaged at its beginning');
    for (const bytes of [PREAMBLE_BYTES, PREAMBLE_BYTES + 24]) {
      writeFileSync(tape, whole.subarray(0, bytes));
      expect(await verifyTape(tape)).toMatchObject({ isWhole: true, rows: 0 });
      await expect(tapeInfo(tape)).rejects.toThrow('its writer was killed before the first row');
    }
  });

  it('is refused in one line where it is a folder, a pipe, empty or something else', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(verifyTape(pipe)).rejects.toMatchObject({ exitCode: 2, message: /it is no file/ });
    await expect(verifyTape(folder)).rejects.toMatchObject({ exitCode: 2, message: /it is a folder/ });
    for (const text of ['', 'hello, world', 'OBTAPE']) {
      writeFileSync(tape, text);
      await expect(verifyTape(tape)).rejects.toMatchObject({ exitCode: 2, message: /is not a tape file/ });
    }
  });
});

describe('a block that another program wrote, with the right checksum', () => {
  const odd = (bytes: Buffer, type: BlockType, packing: number, unpackedBytes = bytes.length) =>
    encodeBlock(bytes, { type, rows: 1, packing: packing as Packing, unpackedBytes });

  it.each([
    ['definitions that are no JSON', odd(Buffer.from('[[1,'), BlockType.definitions, Packing.none)],
    ['definitions of another shape', odd(Buffer.from('[1,{}]'), BlockType.definitions, Packing.none)],
    ['rows that do not unpack', odd(Buffer.from('rubbish'), BlockType.rows, Packing.deflate, 64)],
    ['rows that unpack to too much', odd(deflateRawSync(Buffer.alloc(99_999)), BlockType.rows, 1, 64)],
    ['rows that are none', odd(Buffer.alloc(64, 7), BlockType.rows, Packing.none)],
    ['narrow rows that are none', odd(Buffer.alloc(64, 7), BlockType.narrowRows, Packing.none)],
  ])('is damage: %s', async (_, block) => {
    writeFileSync(tape, Buffer.concat([whole, block]));
    const damages = [{ offset: whole.length, bytes: block.length }];
    expect(await verifyTape(tape)).toMatchObject({ isWhole: false, rows: BARS, damages });
    expect(await tapeInfo(tape)).toMatchObject({ rows: BARS, damages });
    const options = { input: tape, output: join(folder, 'out.csv'), kinds: ['bars'] } as const;
    await expect(exportTape(options)).rejects.toMatchObject({ exitCode: 2, message: /is damaged at byte/ });
    expect((await exportTape({ ...options, skipsDamage: true }))[0]?.rows).toBe(BARS);
  });

  it('is a damaged beginning where it should say what the tape is', async () => {
    const block = odd(Buffer.from('not JSON'), BlockType.segment, Packing.none);
    writeFileSync(tape, Buffer.concat([whole.subarray(0, PREAMBLE_BYTES), block]));
    expect(await verifyTape(tape)).toMatchObject({ isWhole: false, rows: 0 });
    await expect(tapeInfo(tape)).rejects.toThrow('is damaged at its beginning');
  });
});

describe('an export', () => {
  it('of a damaged tape writes nothing, or all that is not damaged when asked to', async () => {
    flipBit(whole.length >> 1);
    const output = join(folder, 'out.csv');
    writeFileSync(output, 'of yesterday');
    const options = { input: tape, output, kinds: ['bars'] } as const;
    await expect(exportTape(options)).rejects.toMatchObject({ remedy: /--skip-damaged/ });
    expect(readFileSync(output, 'utf8')).toBe('of yesterday');
    const damages: Damage[] = [];
    const skipping = { skipsDamage: true, onDamage: (damage: Damage) => damages.push(damage) };
    const [file] = await exportTape({ ...options, ...skipping });
    expect(file?.rows).toBe((await verifyTape(tape)).rows);
    expect(readFileSync(output, 'utf8').split('\n')).toHaveLength((file?.rows ?? 0) + 2);
    expect(damages).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(['out.csv', 'x.csv', 'x.tape']);
  });

  it('refuses to write over what it reads, or to what is no place for a file; so does an import', async () => {
    const asExported = (output: string) => exportTape({ input: tape, output, kinds: ['bars'] });
    const csv = join(folder, 'x.csv');
    const asImported = (output: string) => importTape({ format: 'csv', inputs: [csv], output, clock });
    for (const write of [asExported, asImported]) {
      await expect(write(folder)).rejects.toMatchObject({ exitCode: 2, message: /it is a folder/ });
      await expect(write('/dev/full')).rejects.toMatchObject({ exitCode: 2, message: /ENOSPC/ });
      await expect(write(join(tape, 'y'))).rejects.toMatchObject({ exitCode: 2, message: /cannot write/ });
    }
    await expect(asExported(tape)).rejects.toMatchObject({ exitCode: 2, message: /is being read/ });
    await expect(asImported(csv)).rejects.toMatchObject({ exitCode: 2, message: /is being read/ });
    expect(await verifyTape(tape)).toMatchObject({ isWhole: true, rows: BARS });
    await asExported(join(folder, 'new', 'deep', 'out.csv'));
    expect(readdirSync(join(folder, 'new', 'deep'))).toEqual(['out.csv']);
  });
});

describe('openbell tape info', () => {
  it('names a few dozen symbols, and no control characters of theirs', async () => {
    const csv = join(folder, 'odd.csv');
    const line = (symbol: string) => `2024-03-04T14:30:00Z,${symbol},1,1,1,1,1`;
    const symbols = ['\u001b[2J\u0007', ...Array.from({ length: 99 }, (_, index) => `S${index}`)];
    writeFileSync(csv, `time,symbol,open,high,low,close,volume\n${symbols.map(line).join('\n')}\n`);
    mkdirSync(join(folder, 'tapes'));
    const output = join(folder, 'tapes', 'odd.tape');
    await importTape({ format: 'csv', inputs: [csv], output, clock });
    const text = execFileSync(process.execPath, [CLI, 'tape', 'info', output], { encoding: 'utf8' });
    expect(text).toContain('symbols: \ufffd[2J\ufffd, S0, ');
    expect(text).toContain(' and 60 more\n');
    const json = execFileSync(process.execPath, [CLI, 'tape', 'info', output, '--json'], {
      encoding: 'utf8',
    });
    expect((JSON.parse(json) as { symbols: string[] }).symbols).toHaveLength(100);
  });
});
