/**
 * How far a run is and when it will end. The rest is estimated from the median of recent step times: a refresh of the factors
 * or a lost worker makes single steps slow, and a median does not chase them. Pure: the caller brings the durations.
 */

/** A reading of the estimator. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  /** Done, in [0, 1]. */
  readonly share: number;
  /** Median duration of recent steps, seconds; undefined before the first. */
  readonly secondsPerStep: number | undefined;
  /** Estimated rest, seconds; undefined before the first step. */
  readonly secondsLeft: number | undefined;
}

/** Follows the steps of one run. */
export class ProgressEstimator {
  readonly #steps: number;
  readonly #window: number;
  readonly #recent: number[] = [];
  #step = 0;

  /** @param options.window recent steps that the median looks at; default 31 */
  constructor({ steps, window = 31 }: { readonly steps: number; readonly window?: number }) {
    this.#steps = steps;
    this.#window = window;
  }

  /** Takes note of a committed step and its duration in seconds. */
  observe(step: number, seconds: number): void {
    this.#step = step;
    this.#recent.push(seconds);
    if (this.#recent.length > this.#window) this.#recent.shift();
  }

  estimate(): Progress {
    const secondsPerStep = median(this.#recent);
    return {
      step: this.#step,
      steps: this.#steps,
      share: this.#steps === 0 ? 1 : Math.min(1, this.#step / this.#steps),
      secondsPerStep,
      secondsLeft: secondsPerStep === undefined ? undefined : secondsPerStep * Math.max(0, this.#steps - this.#step),
    };
  }
}

/** The middle value, the mean of the two middle ones for an even count, undefined for none. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
