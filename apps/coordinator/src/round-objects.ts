/**
 * The vectors that workers may fetch: what the current and the previous round and the last update name, and as many of the most recently
 * used ones as the cache spares. Everything else is gone, and who still wants it is late: its round is over, or it takes a snapshot.
 */
import { vectorDigest, VectorCache, vectorsOf } from '@geodesic/cluster';
import type { Combination, PlannedInputs } from '@geodesic/cluster';
import { bytesOf } from '@geodesic/wire';

/** The objects of one run beside its bundle; shares the arrays of the learning side, which never change. */
export class RoundObjects {
  readonly #cache: VectorCache<Float32Array>;
  #current: readonly string[] = [];

  /** @param options.spareElements see {@link VectorCache} */
  constructor(options: { readonly spareElements?: number } = {}) {
    this.#cache = new VectorCache(options);
  }

  /** A round begins: what it names can be fetched. */
  begin(inputs: PlannedInputs | undefined): void {
    const previous = this.#current;
    this.#current = inputs ? this.#add(vectorsOf(inputs)) : [];
    this.#cache.pin('previous round', previous);
    this.#cache.pin('round', this.#current);
    this.#cache.trim();
  }

  /** An update is about to be streamed: its direction can be fetched until the next one. */
  update({ direction }: Combination): void {
    this.#cache.pin('update', this.#add([direction]));
    this.#cache.trim();
  }

  /** The bytes at an address; undefined when they are not kept. */
  find(digest: string): Uint8Array | undefined {
    const vector = this.#cache.get(digest);
    return vector && bytesOf(vector);
  }

  #add(vectors: readonly Float32Array[]): string[] {
    for (const vector of vectors) this.#cache.add(vectorDigest(vector), { value: vector, length: vector.length });
    return vectors.map(vectorDigest);
  }
}
