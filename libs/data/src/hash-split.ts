/**
 * Splitting by hash: which part an example falls into depends on its index alone, never on a seed, so that a test example stays one for ever.
 * Indices are ordered by a bijective 32-bit hash (MurmurHash3's finaliser on index * golden ratio + salt; bijective, hence no ties),
 * and the first share of them is taken. A larger share always contains a smaller one.
 * Source: A. Appleby, MurmurHash3 (fmix32).
 */

/** Two parts of a list of indices, both ascending. */
export interface Parts {
  readonly taken: Int32Array;
  readonly rest: Int32Array;
}

/** Takes round(share * n) of the indices by hash; different salts take independently of each other. O(n log n). */
export function takeByHash(indices: Int32Array, { share, salt }: { readonly share: number; readonly salt: number }): Parts {
  const count = Math.round(share * indices.length);
  const byHash = indices.slice().sort((a, b) => hash(a, salt) - hash(b, salt));
  return { taken: byHash.slice(0, count).sort(), rest: byHash.slice(count).sort() };
}

function hash(index: number, salt: number): number {
  let h = (Math.imul(index, 0x9e3779b9) + salt) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
