/**
 * Notices a transfer that does not move: a peer that is stopped, a connection of which one direction is dead. Time in which this process
 * itself did not run (it was stopped, or its event loop blocked) does not count: what arrived meanwhile is looked at first.
 */

/** Time without a byte after which a bulk transfer is over, ms. */
export const IDLE_MS = 30_000;

/** Calls `onIdle` once, `ms` after the last touch. Keeps no process alive. */
export class IdleTimer {
  readonly #onIdle: () => void;
  readonly #timer: NodeJS.Timeout;
  #touches = 0;
  #stopped = false;

  constructor(ms: number, onIdle: () => void) {
    this.#onIdle = onIdle;
    this.#timer = setTimeout(() => this.#expire(), ms);
    this.#timer.unref();
  }

  /** Something moved. */
  touch(): void {
    this.#touches++;
    if (!this.#stopped) this.#timer.refresh();
  }

  /** The transfer is over. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #expire(): void {
    const touches = this.#touches;
    // After a poll for what has arrived, twice, since the first may have been under way.
    setImmediate(() =>
      setImmediate(() => {
        if (this.#stopped || this.#touches !== touches) return;
        this.#stopped = true;
        this.#onIdle();
      }),
    );
  }
}
