/** The terminal while the live view owns it: the alternate screen, redrawn in place, given back on leaving. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export class Screen {
  readonly #terminal: NodeJS.WriteStream;
  #isOpen = false;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
  }

  get size(): { rows: number; columns: number } {
    return { rows: this.#terminal.rows ?? 40, columns: this.#terminal.columns ?? 120 };
  }

  draw(text: string): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#terminal.write(ENTER);
      process.once('exit', () => this.close());
    }
    const lines = text.split('\n').map((line) => `${line}${CLEAR_LINE}`);
    this.#terminal.write(`${HOME}${lines.join('\n')}${CLEAR_BELOW}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#terminal.write(LEAVE);
  }
}
