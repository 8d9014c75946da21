/**
 * Which vectors a process keeps, by address. What somebody has pinned stays; of the rest, the most recently used stay up to a budget.
 * It serves both ends: a coordinator's values are the arrays, a worker's main thread only knows what its compute thread holds.
 */

/** Elements of float32 that may be kept beyond what is pinned: 128 MiB. */
const SPARE_ELEMENTS: number = 32 * 1024 * 1024;

interface Entry<T> {
  readonly value: T;
  readonly length: number;
}

/** Vectors by address, least recently used first. */
export class VectorCache<T> {
  readonly #spare: number;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #pins = new Map<string, ReadonlySet<string>>();

  /** @param options.spareElements kept beyond what is pinned; default 32 Mi (128 MiB of float32) */
  constructor(options: { readonly spareElements?: number } = {}) {
    this.#spare = options.spareElements ?? SPARE_ELEMENTS;
  }

  /** Number of vectors kept. */
  get size(): number {
    return this.#entries.size;
  }

  has(digest: string): boolean {
    return this.#entries.has(digest);
  }

  get(digest: string): T | undefined {
    return this.#entries.get(digest)?.value;
  }

  /** Takes a vector in; nothing is dropped before the next {@link trim}. */
  add(digest: string, vector: { readonly value: T; readonly length: number }): void {
    if (!this.#entries.has(digest)) this.#entries.set(digest, vector);
  }

  /** Keeps these for a holder, in the place of what it held before, and counts them as used now; they need not be here yet. */
  pin(holder: string, digests: Iterable<string>): void {
    const pinned = new Set(digests);
    this.#pins.set(holder, pinned);
    for (const digest of pinned) {
      const entry = this.#entries.get(digest);
      if (!entry) continue;
      this.#entries.delete(digest);
      this.#entries.set(digest, entry);
    }
  }

  /** Drops what is too much, least recently used first; returns the addresses dropped. */
  trim(): string[] {
    const pinned = new Set([...this.#pins.values()].flatMap((digests) => [...digests]));
    const loose = [...this.#entries].filter(([digest]) => !pinned.has(digest));
    let excess = loose.reduce((sum, [, { length }]) => sum + length, 0) - this.#spare;
    const dropped: string[] = [];
    for (const [digest, { length }] of loose) {
      if (excess <= 0) break;
      this.#entries.delete(digest);
      dropped.push(digest);
      excess -= length;
    }
    return dropped;
  }
}
