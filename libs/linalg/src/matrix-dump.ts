/**
 * A square matrix as bytes, for keeping one that could not be inverted: the line `geodesic-matrix 1 float64 n` in ASCII, closed by a line
 * feed, then n * n doubles, row-major, little-endian. `numpy.frombuffer(bytes[bytes.index(b'\n') + 1:], '<f8').reshape(n, n)` reads it.
 */
import { requireMatrix } from './require-matrix.ts';

const head = 'geodesic-matrix 1 float64 ';

/** The bytes of a [n, n]. @throws {ShapeError} when a is not [n, n] */
export function encodeMatrixDump(a: Float64Array, n: number): Uint8Array {
  requireMatrix('encodeMatrixDump', 'a', a, [n, n]);
  const line = new TextEncoder().encode(`${head}${n}\n`);
  const bytes = new Uint8Array(line.length + a.length * 8);
  bytes.set(line);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < a.length; i++) view.setFloat64(line.length + i * 8, a[i], true);
  return bytes;
}

/** The matrix [n, n] that was encoded. @throws {RangeError} when the bytes are not such a dump */
export function decodeMatrixDump(bytes: Uint8Array): { readonly a: Float64Array; readonly n: number } {
  const end = bytes.indexOf(10);
  const line = new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)));
  const n = line.startsWith(head) ? Number(line.slice(head.length)) : Number.NaN;
  if (!Number.isSafeInteger(n) || bytes.length !== end + 1 + n * n * 8)
    throw new RangeError(
      `decodeMatrixDump: expected '${head}n', a line feed and n * n doubles, got ${bytes.length} bytes (is the file whole?)`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset + end + 1);
  return { a: Float64Array.from({ length: n * n }, (_, i) => view.getFloat64(i * 8, true)), n };
}
