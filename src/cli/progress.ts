/** Progress of long work on a terminal: one line on standard error, redrawn in place. Silent where nobody looks. */
import type { Clock } from '../clock/clock.ts';

/** Work that ends sooner shows nothing. */
const FIRST_MS = 500;
const REDRAW_MS = 100;
const BAR_WIDTH = 30;

export interface Progress {
  /** @param share from 0 to 1, or null when nobody knows the end. */
  update(share: number | null, text: string): void;
  done(): void;
}

export function openProgress(clock: Clock, terminal: NodeJS.WriteStream = process.stderr): Progress {
  const startMs = clock.monotonicMs();
  let drawnMs = startMs + FIRST_MS - REDRAW_MS;
  let isDrawn = false;
  return {
    update(share, text) {
      const now = clock.monotonicMs();
      if (!terminal.isTTY || now - drawnMs < REDRAW_MS) return;
      drawnMs = now;
      isDrawn = true;
      terminal.write(`\r\u001b[K${share === null ? '' : `${bar(share)} `}${text}`);
    },
    done() {
      if (isDrawn) terminal.write('\r\u001b[K');
    },
  };
}

function bar(given: number): string {
  const share = Math.min(1, Math.max(0, given));
  const filled = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${String(Math.round(share * 100)).padStart(3)} %`;
}
