/**
 * How long a share of a round may take: median + k MAD of what recent shares took for each slot. Phases cost different amounts, so each has its
 * own window. A deadline decides who is asked, and when it is asked of somebody else, never what is computed.
 */

/** When a worker counts as late. */
export interface DeadlineOptions {
  /** k of the deadline median + k MAD; default 5. */
  readonly factor?: number;
  /** The least deadline of a share, ms; default 250: less is the noise of a machine that others use as well. */
  readonly minimumMs?: number;
}

/** Samples that are kept for each phase. */
const WINDOW = 32;
/** Samples without which there is no deadline. */
const FEWEST = 3;
/** Phases that are remembered; a run has about ten. */
const MAX_PHASES = 64;
/** Where all shares took the same, the next one still may take a little longer: the least MAD, as a part of the median. */
const LEAST_SPREAD = 0.1;

interface Window {
  readonly samples: number[];
  median: number;
  spread: number;
}

/** The deadlines of one run. */
export class Deadlines {
  readonly #factor: number;
  readonly #minimumMs: number;
  readonly #windows = new Map<string, Window>();

  constructor({ factor = 5, minimumMs = 250 }: DeadlineOptions = {}) {
    this.#factor = factor;
    this.#minimumMs = minimumMs;
  }

  /** Remembers that a share of a phase's round took so long for each of its slots, ms. */
  record(phase: string, msPerSlot: number): void {
    const window = this.#windows.get(phase) ?? { samples: [], median: 0, spread: 0 };
    this.#windows.delete(phase); // to the end of the order: the phase that was met last
    this.#windows.set(phase, window);
    if (this.#windows.size > MAX_PHASES) {
      const [oldest] = this.#windows.keys();
      this.#windows.delete(oldest);
    }
    window.samples.push(msPerSlot);
    if (window.samples.length > WINDOW) window.samples.shift();
    window.median = median(window.samples);
    window.spread = median(window.samples.map((sample) => Math.abs(sample - window.median)));
  }

  /** The median of ms per slot in a phase; undefined before the first sample. */
  typical(phase: string): number | undefined {
    return this.#windows.get(phase)?.median;
  }

  /** How long a share of so many slots may take, ms; undefined while too little is known. */
  limit(phase: string, slots: number): number | undefined {
    const window = this.#windows.get(phase);
    if (window === undefined || window.samples.length < FEWEST) return undefined;
    const spread = Math.max(window.spread, window.median * LEAST_SPREAD);
    return Math.max(this.#minimumMs, (window.median + this.#factor * spread) * slots);
  }
}

/** The middle value, of an even number the mean of the two. */
function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const middle = ascending.length >> 1;
  return ascending.length % 2 === 1 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}
