/** From a worker's cumulative counters to what people are shown: its rate between two heartbeats. */

/** What a heartbeat counts. */
export interface ProgressCounters {
  readonly slots: number;
  readonly examples: number;
  readonly computing: boolean;
}

/** Data of the event worker.progress, without the worker's name. */
export interface ProgressReport {
  readonly state: 'computing' | 'waiting';
  /** Slots computed since the worker started. */
  readonly slots: number;
  /** Examples computed since the worker started. */
  readonly examples: number;
  readonly examplesPerSecond: number;
}

/** The meter of one worker. */
export class ProgressMeter {
  #examples = 0;
  #at: number;

  /** @param at monotonic ms at which the worker joined */
  constructor(at: number) {
    this.#at = at;
  }

  /** Reads a heartbeat that came at `at`, monotonic ms. */
  read({ slots, examples, computing }: ProgressCounters, at: number): ProgressReport {
    const seconds = Math.max(at - this.#at, 1) / 1000;
    const examplesPerSecond = Math.max(0, examples - this.#examples) / seconds;
    this.#examples = examples;
    this.#at = at;
    return { state: computing ? 'computing' : 'waiting', slots, examples, examplesPerSecond };
  }
}
