/**
 * What a round needs beside the parameters: vectors that are broadcast and, for a trial, a change at which to look. In a round's identity
 * they are named by their content, so whoever lacks one can fetch it whenever it comes, and equal content has one name.
 */
import { createHash } from 'node:crypto';
import type { Combination, CombinationReference } from './combination.ts';
import { ProtocolError } from './errors.ts';

/** A broadcast vector. */
export interface VectorReference {
  /** The program's input is `vector:<name>`. */
  readonly name: string;
  /** `sha256:` over the float32 little-endian bytes. */
  readonly digest: string;
  readonly length: number;
}

/** The inputs of a round by content; part of its input digest. */
export interface RoundInputs {
  /** In code-unit order of their names. */
  readonly vectors: readonly VectorReference[];
  /** The program looks at theta plus this change. */
  readonly move?: CombinationReference;
}

/** The inputs of a round as the learning side has them; the arrays are never changed afterwards. */
export interface PlannedInputs {
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly move?: Combination;
}

/** Digests of arrays that are handed over again and again: a basis stays for many steps. */
const known = new WeakMap<Float32Array, string>();

/** The address of a vector, hashed once for each array: it must not be changed afterwards. */
export function vectorDigest(vector: Float32Array): string {
  const found = known.get(vector);
  if (found !== undefined) return found;
  const digest = `sha256:${createHash('sha256')
    .update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
    .digest('hex')}`;
  known.set(vector, digest);
  return digest;
}

/** A combination with its direction's address. */
export function referTo({ direction, alpha, mu }: Combination): CombinationReference {
  return { digest: vectorDigest(direction), length: direction.length, alpha, mu };
}

/** The inputs by content; undefined where there are none, so that such a round is as if it could have none. */
export function describeInputs(planned: PlannedInputs | undefined): RoundInputs | undefined {
  if (planned === undefined) return undefined;
  const vectors = Object.entries(planned.vectors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, vector]) => ({ name, digest: vectorDigest(vector), length: vector.length }));
  if (vectors.length === 0 && planned.move === undefined) return undefined;
  return { vectors, ...(planned.move && { move: referTo(planned.move) }) };
}

/** The arrays of a round's inputs, each once. */
export function vectorsOf({ vectors, move }: PlannedInputs): Float32Array[] {
  return [...new Set([...Object.values(vectors), ...(move ? [move.direction] : [])])];
}

/** Addresses and lengths of all that a computation of these inputs needs, each once. */
export function addressesOf({ vectors, move }: RoundInputs): ReadonlyMap<string, number> {
  return new Map([...vectors, ...(move ? [move] : [])].map(({ digest, length }) => [digest, length]));
}

/**
 * Checks inputs before a round begins.
 * @throws {ProtocolError} for a scalar that is not finite
 */
export function checkInputs({ move }: RoundInputs): void {
  for (const [name, value] of Object.entries({ alpha: move?.alpha ?? 0, mu: move?.mu ?? 0 })) {
    if (!Number.isFinite(value)) throw new ProtocolError(`round plan: move.${name}`, 'a finite number', `${value}`);
  }
}
