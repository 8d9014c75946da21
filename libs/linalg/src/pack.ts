/**
 * Symmetric matrices on the wire: the upper triangle, row-major, [n(n+1)/2]: rows 0..n-1, each from its diagonal on.
 * Entries are copied, never averaged with their mirror image: what was computed is what travels.
 */
import { ShapeError } from '@geodesic/tensor';
import { requireMatrix } from './require-matrix.ts';

/** Either floating-point array. */
export type FloatArray = Float32Array | Float64Array;

/** Entries of the packed upper triangle of [n, n]: n(n+1)/2. */
export function packedSize(n: number): number {
  return (n * (n + 1)) / 2;
}

/** The upper triangle of `full` [n, n] as a new packed array. @throws {ShapeError} when a length is wrong */
export function packUpper<T extends FloatArray>(full: T, n: number): T;
/** Writes the upper triangle of `full` [n, n] to `out` from `offset` (default 0) on; returns `out`. @throws {ShapeError} when it does not fit */
export function packUpper<T extends FloatArray>(full: FloatArray, n: number, out: T, offset?: number): T;
export function packUpper(full: FloatArray, n: number, out: FloatArray = likeArray(full, packedSize(n)), offset = 0): FloatArray {
  requireMatrix('packUpper', 'full', full, [n, n]);
  if (offset < 0 || offset + packedSize(n) > out.length)
    throw new ShapeError('packUpper', `room for ${packedSize(n)} entries at offset ${offset}`, `an array of ${out.length}`);
  for (let i = 0, at = offset; i < n; at += n - i, i++) out.set(full.subarray(i * n + i, (i + 1) * n), at);
  return out;
}

/** The full symmetric matrix [n, n] of a packed upper triangle, in a new array of the same type. @throws {ShapeError} when its length is wrong */
export function unpackUpper<T extends FloatArray>(packed: T, n: number): T;
export function unpackUpper(packed: FloatArray, n: number): FloatArray {
  requireMatrix('unpackUpper', 'packed', packed, [1, packedSize(n)]);
  const full = likeArray(packed, n * n);
  for (let i = 0, at = 0; i < n; i++)
    for (let j = i; j < n; j++, at++) {
      full[i * n + j] = packed[at];
      full[j * n + i] = packed[at];
    }
  return full;
}

function likeArray(array: FloatArray, length: number): FloatArray {
  return array instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
