/** A file that people asked for: written beside its place, and moved there when it is whole. */
import { mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';

export class OutputFile {
  /** Where to write. */
  readonly writing: string;
  readonly #place: string;

  private constructor(place: string, isInPlace: boolean) {
    this.#place = place;
    this.writing = isInPlace ? place : `${place}.writing`;
  }

  /**
   * Makes its folder where there is none. A pipe or a device takes what is written as it comes.
   * @param inputs files that are read meanwhile, and must not be written over.
   * @throws {UserError} exit code 2 when that is no place for a file.
   */
  static async begin(path: string, inputs: readonly string[]): Promise<OutputFile> {
    // What a link leads to is written over, not the link.
    const place = await realpath(path).catch(() => path);
    const found = await stat(place).catch(() => undefined);
    if (found?.isDirectory() === true) throw cannotWrite(path, 'it is a folder');
    for (const input of inputs) {
      const read = await stat(input).catch(() => undefined);
      if (found !== undefined && read?.ino === found.ino && read.dev === found.dev)
        throw cannotWrite(path, `it is ${input}, which is being read`);
    }
    const output = new OutputFile(place, found?.isFile() === false);
    await writingTo(path, () => mkdir(dirname(place), { recursive: true }));
    await output.discard();
    return output;
  }

  /** It is whole: moves it to its place. */
  async keep(): Promise<void> {
    if (this.writing !== this.#place) await rename(this.writing, this.#place);
  }

  /** What was in its place stays. */
  async discard(): Promise<void> {
    if (this.writing !== this.#place) await rm(this.writing, { force: true });
  }
}

/** Does what writes to a path that people named. @throws {UserError} exit code 2 for what the file system says to it. */
export async function writingTo<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined || syscall === 'read') throw error;
    throw cannotWrite(path, code);
  }
}

function cannotWrite(path: string, why: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `cannot write ${path}: ${why}`,
    remedy: 'Name another file, in a folder that can be written to and has room.',
  });
}
