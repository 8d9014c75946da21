/**
 * When corrupt contributions mean that nobody can compute a round: when several workers have sent one, or when one that is alone keeps
 * doing so. One bad host among good ones only loses its place.
 */

/** The corrupt contributions of one round. */
export class CorruptCount {
  readonly #limit: number;
  readonly #workers = new Set<string>();
  #total = 0;

  /** @param limit default 3 */
  constructor(limit = 3) {
    this.#limit = limit;
  }

  /** Corrupt contributions so far. */
  get total(): number {
    return this.#total;
  }

  /** Whether a worker has sent one. */
  has(worker: string): boolean {
    return this.#workers.has(worker);
  }

  /** Counts one more; returns whether the round is to be given up. @param hasOthers whether members are left that have sent none */
  add(worker: string, hasOthers: boolean): boolean {
    this.#workers.add(worker);
    this.#total += 1;
    return this.#workers.size >= this.#limit || (!hasOthers && this.#total >= this.#limit);
  }

  /** A new round begins. */
  clear(): void {
    this.#workers.clear();
    this.#total = 0;
  }
}
