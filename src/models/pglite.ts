/** PGlite, kept from hanging its thread once its PostgreSQL has given up. */
import { PGlite } from '@electric-sql/pglite';
import { DatabaseFailure } from './failure.ts';

/**
 * Write-ahead log kept between two checkpoints. PostgreSQL's own default of 1 GB would be most of an embedded
 * database's disk.
 */
const WAL_SIZE_MAX = '128MB';
/**
 * PostgreSQL's cache, laid out whole when it opens. With the default of 128 MB that is a fifth of the time of opening,
 * and 100 MB more of memory (measured); behind it the operating system has the files, too.
 */
const SHARED_BUFFERS = '32MB';
const SETTINGS = [`max_wal_size=${WAL_SIZE_MAX}`, `shared_buffers=${SHARED_BUFFERS}`];

/**
 * A PostgreSQL that cannot write its log ends its process (PANIC). In WebAssembly there is no process to end: the
 * next call would spin for ever in what is left of it, and the thread with it. So after the first such sign nothing is
 * let through any more, and `onBroken` is called once.
 */
class GuardedPGlite extends PGlite {
  #broken: DatabaseFailure | null = null;
  readonly #onBroken: (failure: DatabaseFailure) => void;

  constructor(dataDir: string, onBroken: (failure: DatabaseFailure) => void) {
    super(dataDir, {
      startParams: [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ['-c', setting])],
      onStderr: (text) => {
        const panic = /\bPANIC:\s+(.*)/.exec(text);
        if (panic !== null) this.#break(panic[1] ?? text);
        return true;
      },
    });
    this.#onBroken = onBroken;
  }

  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    if (this.#broken !== null) throw this.#broken;
    try {
      return super.execProtocolRawSync(message);
    } catch (error) {
      // PostgreSQL's errors are answers; what is thrown is the machine below it: a trap, or no memory.
      this.#break(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  override async close(): Promise<void> {
    if (this.#broken !== null) return;
    await super.close();
  }

  #break(reason: string): void {
    if (this.#broken !== null) return;
    const kind = /no space left|disk full|quota/i.test(reason) ? 'disk_full' : 'broken';
    this.#broken = new DatabaseFailure(kind, `the embedded database gave up: ${reason}`);
    this.#onBroken(this.#broken);
  }
}

/** Opens the database of a folder, making it where missing. */
export async function openPGlite(
  folder: string,
  onBroken: (failure: DatabaseFailure) => void,
): Promise<PGlite> {
  const pglite = new GuardedPGlite(folder, onBroken);
  await pglite.waitReady;
  return pglite;
}
