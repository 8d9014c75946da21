/** How much a journal may write: a rate and a size. Beyond them it costs more than the recomputation that it saves (exactness.md 12). */

/** Options of {@link JournalBudget}. */
export interface JournalBudgetOptions {
  /** Bytes per second; default 50e6. */
  readonly maxRate?: number;
  /** Bytes of one file; default 2^30. */
  readonly maxBytes?: number;
  /** Milliseconds from any origin, never going back; default performance.now. */
  readonly now?: () => number;
}

/** The rate is taken over windows of at least this long, ms. */
const WINDOW_MS = 1000;

/** The budget of one file. */
export class JournalBudget {
  readonly #maxRate: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  #bytes = 0;
  #windowStart: number;
  #windowBytes = 0;

  constructor({ maxRate = 50e6, maxBytes = 2 ** 30, now = () => performance.now() }: JournalBudgetOptions = {}) {
    this.#maxRate = maxRate;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#windowStart = now();
  }

  /** Asks to write; the answer is undefined, or a sentence that says why not. */
  spend(bytes: number): string | undefined {
    const elapsed = this.#now() - this.#windowStart;
    this.#windowBytes += bytes;
    const rate = this.#windowBytes / (elapsed / 1000);
    if (elapsed >= WINDOW_MS) {
      this.#windowStart += elapsed;
      this.#windowBytes = 0;
      if (rate > this.#maxRate) return `expected at most ${megabytes(this.#maxRate)} a second, got ${megabytes(rate)}`;
    }
    if (this.#bytes + bytes > this.#maxBytes) return `expected at most ${megabytes(this.#maxBytes)} since the last checkpoint, got more`;
    this.#bytes += bytes;
    return undefined;
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e5) / 10} MB`;
}
