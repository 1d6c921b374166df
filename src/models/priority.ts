/** What the database thread asks of the operating system's scheduler. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** Linux numbers threads like processes; the link's target ends with the calling thread's number. */
const THREAD_SELF = '/proc/thread-self';
/** A nice value: beside a busy thread of ordinary priority it gets a tenth of the core. */
const BACKGROUND_NICE = 10;

/**
 * From now on the calling thread makes way for the others of its process and of the machine. The rows of an order are safe
 * in the journal, and nothing waits for the database. On two cores an order left a tenth earlier for it (p50), and of a
 * thousand the slowest a quarter (bench/latency, in turns). Only Linux has priorities of threads; elsewhere nothing happens.
 */
export function makeWayForOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(basename(readlinkSync(THREAD_SELF))), BACKGROUND_NICE);
  } catch {
    // Without /proc, or where a sandbox forbids it, the thread runs like all others.
  }
}
