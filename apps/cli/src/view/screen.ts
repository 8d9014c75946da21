/**
 * A block of lines at the bottom of the terminal that is redrawn in place. Each redraw is one write: the cursor goes up, every line is
 * overwritten and cleared to its end, what is left below is cleared. Nothing is erased first, so nothing flickers.
 */
import type { TextSink } from '../output.ts';
import { clip, paint, type Line } from './styled-text.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
// Terminals that know synchronised updates show the whole frame at once; others ignore the two codes.
const BEGIN_FRAME = '\x1b[?2026h';
const END_FRAME = '\x1b[?2026l';
const NARROWEST = 20;
const ASSUMED_WIDTH = 80;
const ASSUMED_HEIGHT = 24;

/** The redrawn block. Call `close` before the process ends, else the cursor stays hidden. */
export class Screen {
  readonly #out: TextSink;
  readonly #colour: boolean;
  #height = 0;
  #isOpen = false;

  constructor(out: TextSink, { colour }: { readonly colour: boolean }) {
    this.#out = out;
    this.#colour = colour;
  }

  /** Columns that a line may take: one fewer than the terminal has, since some wrap when the last is written. */
  get width(): number {
    return Math.max(NARROWEST, (this.#out.columns ?? ASSUMED_WIDTH) - 1);
  }

  /** Shows these lines in place of the present ones; those that a low terminal has no room for are left out. */
  draw(all: readonly Line[]): void {
    const lines = all.slice(0, Math.max(1, (this.#out.rows ?? ASSUMED_HEIGHT) - 1));
    const opening = this.#isOpen ? '' : HIDE_CURSOR;
    this.#isOpen = true;
    this.#out.write(`${BEGIN_FRAME}${opening}${this.#toTop()}${this.#paint(lines)}${CLEAR_BELOW}${END_FRAME}`);
    this.#height = lines.length;
  }

  /** Writes lines that stay, above the redrawn block; the block itself reappears with the next `draw`. */
  printAbove(lines: readonly Line[]): void {
    this.#out.write(`${this.#toTop()}${CLEAR_BELOW}${this.#paint(lines)}`);
    this.#height = 0;
  }

  /** Leaves the block as it is and gives the cursor back. */
  close(): void {
    if (this.#isOpen) this.#out.write(SHOW_CURSOR);
    this.#isOpen = false;
    this.#height = 0;
  }

  #toTop(): string {
    return this.#height > 0 ? `\x1b[${this.#height}A\r` : '';
  }

  #paint(lines: readonly Line[]): string {
    return lines.map((line) => `${paint(clip(line, this.width), { colour: this.#colour })}${CLEAR_LINE_END}\n`).join('');
  }
}

/** Whether to colour: on a terminal, unless NO_COLOR is set to anything (https://no-color.org) or the terminal is dumb. */
export function wantsColour(out: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  return out.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
