/**
 * Byte credits: how much memory uploads under way may take together. One that does not fit is answered `busy` before any memory is given
 * to it; one alone always fits, however large, so that nothing waits for ever. It is told to come again when, at the speed of the uploads
 * so far, about half of what is under way will have arrived: soon enough, and not so soon that it wastes the network by asking.
 */

/** Default of {@link UploadCredits}, bytes. */
export const UPLOAD_BYTES: number = 256 * 1024 * 1024;

/** Bounds of the time after which a refused upload may come again, ms. */
const RETRY_MS = { least: 50, most: 1000 } as const;

/** Weight of the latest upload in the mean speed. */
const LATEST = 0.3;

/** The credits of one server. */
export class UploadCredits {
  readonly #limit: number;
  readonly #now: () => number;
  #taken = 0;
  /** Bytes a millisecond of one upload; undefined before the first has ended. */
  #speed: number | undefined;

  /**
   * @param limit bytes of all uploads under way, 256 MiB by default
   * @param now a monotonic clock, ms
   */
  constructor(limit: number = UPLOAD_BYTES, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Bytes in use. */
  get taken(): number {
    return this.#taken;
  }

  /** When a refused upload may come again, ms. */
  get retryAfterMs(): number {
    const half = this.#speed === undefined ? 0 : this.#taken / 2 / this.#speed;
    return Math.round(Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, half)));
  }

  /** Takes credits; returns the function that gives them back, however often it is called, or undefined when there is no room. */
  take(bytes: number): (() => void) | undefined {
    if (this.#taken > 0 && this.#taken + bytes > this.#limit) return undefined;
    this.#taken += bytes;
    const start = this.#now();
    let held = bytes;
    return () => {
      if (held > 0) this.#measure(held / Math.max(1, this.#now() - start));
      this.#taken -= held;
      held = 0;
    };
  }

  #measure(speed: number): void {
    this.#speed = this.#speed === undefined ? speed : LATEST * speed + (1 - LATEST) * this.#speed;
  }
}
