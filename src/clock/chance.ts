/** The only source of randomness: seeded where a run must be repeatable, the system's where an id must be unique. */
import { randomUUID } from 'node:crypto';

/** Uniform numbers in [0, 1). The same seed gives the same sequence. */
export type Random = () => number;

/** mulberry32: 32 bits of state, period 2^32; enough for markets and jitter, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A seed out of text, so that each part of a run (`seed/AAPL/volume`) has a sequence of its own (FNV-1a). */
export function seedFromText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** A new unique id (UUID v4), for a batch or a process. */
export function newId(): string {
  return randomUUID();
}

/** A seed nobody chose, for jitter of a live process; printed where repeating the run matters. */
export function newSeed(): number {
  return Number.parseInt(randomUUID().slice(0, 8), 16);
}
