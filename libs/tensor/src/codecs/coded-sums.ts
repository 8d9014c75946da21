/**
 * A flat vector of sums some of whose segments are coded: what a lossy contribution is rounded to, and how it travels. Everything outside
 * of the segments stays float32. Encoded: first all of that, in order, then the codes of the segments, in order (so floats stay aligned).
 */
import { ShapeError } from '../errors.ts';
import { factorCodecs, roundTrip, type FactorCodecKind } from './factor-codec.ts';

/** A packed symmetric matrix in a vector of sums. */
export interface CodedSegment {
  /** Position of its first entry. */
  readonly offset: number;
  /** n, the side of the matrix. */
  readonly size: number;
  readonly kind: FactorCodecKind;
}

/** Which segments of a round's sums are rounded, and at which level of the reduction tree. */
export interface SumsCodec {
  /** 0 for slots; a tree of fewer levels rounds nothing. */
  readonly level: number;
  /** Ascending by offset, disjoint. */
  readonly segments: readonly CodedSegment[];
}

/** Why segments do not describe a vector of `length` sums; undefined when they do. */
export function findSegmentFault(segments: readonly CodedSegment[], length: number): string | undefined {
  let free = 0;
  for (const { offset, size, kind } of segments) {
    if (!Object.hasOwn(factorCodecs, kind)) return `segment kind: expected one of ${Object.keys(factorCodecs).join(', ')}, got ${kind}`;
    if (!Number.isSafeInteger(size) || size < 1) return `segment size: expected an integer >= 1, got ${size}`;
    if (!Number.isSafeInteger(offset) || offset < free) return `segment offset: expected an integer >= ${free}, got ${offset}`;
    free = offset + entriesOf(size);
    if (free > length) return `segment: expected its end within ${length} sums, got ${free}`;
  }
  return undefined;
}

/** Whether two lists of segments are the same. */
export function sameSegments(a: readonly CodedSegment[], b: readonly CodedSegment[]): boolean {
  return (
    a.length === b.length && a.every(({ offset, size, kind }, i) => offset === b[i].offset && size === b[i].size && kind === b[i].kind)
  );
}

/** Rounds the segments of `sums` in place to what their codes say. */
export function roundSums(sums: Float32Array, segments: readonly CodedSegment[]): void {
  for (const { offset, size, kind } of segments) roundTrip(kind, sums.subarray(offset, offset + entriesOf(size)), size);
}

/** Bytes of `length` encoded sums. */
export function encodedSumsSize(segments: readonly CodedSegment[], length: number): number {
  return segments.reduce((bytes, { size, kind }) => bytes + factorCodecs[kind].encodedSize(size) - 4 * entriesOf(size), 4 * length);
}

/**
 * Encodes sums as new bytes; exact for sums that have been rounded.
 * @throws {ShapeError} when the segments do not fit
 */
export function encodeSums(sums: Float32Array, segments: readonly CodedSegment[]): Uint8Array<ArrayBuffer> {
  requireSegments('encodeSums', segments, sums.length);
  const bytes = new Uint8Array(encodedSumsSize(segments, sums.length));
  let at = 0;
  for (const [from, to] of plainRanges(segments, sums.length)) {
    bytes.set(new Uint8Array(sums.buffer, sums.byteOffset + 4 * from, 4 * (to - from)), at);
    at += 4 * (to - from);
  }
  for (const { offset, size, kind } of segments) {
    const codec = factorCodecs[kind];
    const end = at + codec.encodedSize(size);
    codec.encode(sums.subarray(offset, offset + entriesOf(size)), size, bytes.subarray(at, end));
    at = end;
  }
  return bytes;
}

/**
 * The sums behind encoded bytes, in a new array.
 * @throws {ShapeError} when segments or bytes do not fit `length`
 */
export function decodeSums(bytes: Uint8Array, segments: readonly CodedSegment[], length: number): Float32Array<ArrayBuffer> {
  requireSegments('decodeSums', segments, length);
  const size = encodedSumsSize(segments, length);
  if (bytes.length !== size) throw new ShapeError('decodeSums', `${size} bytes`, `${bytes.length}`);
  const sums = new Float32Array(length);
  const target = new Uint8Array(sums.buffer);
  let at = 0;
  for (const [from, to] of plainRanges(segments, length)) {
    target.set(bytes.subarray(at, at + 4 * (to - from)), 4 * from);
    at += 4 * (to - from);
  }
  for (const { offset, size: side, kind } of segments) {
    const codec = factorCodecs[kind];
    const end = at + codec.encodedSize(side);
    codec.decode(bytes.subarray(at, end), side, sums.subarray(offset, offset + entriesOf(side)));
    at = end;
  }
  return sums;
}

/** What lies between the segments, as [from, to). */
function plainRanges(segments: readonly CodedSegment[], length: number): [number, number][] {
  const starts = [0, ...segments.map(({ offset, size }) => offset + entriesOf(size))];
  const ends = [...segments.map(({ offset }) => offset), length];
  return starts.map((start, i): [number, number] => [start, ends[i]]).filter(([from, to]) => from < to);
}

function requireSegments(operation: string, segments: readonly CodedSegment[], length: number): void {
  const fault = findSegmentFault(segments, length);
  if (fault !== undefined) throw new ShapeError(operation, 'segments that fit the sums', fault);
}

function entriesOf(n: number): number {
  return (n * (n + 1)) / 2;
}
