/**
 * Lossy codecs of symmetric factors: a sum of outer products as its packed upper triangle, row-major [n(n+1)/2], in fewer bytes.
 * What decodes from bytes encodes to them again, so that a factor which was rounded once can travel encoded without another rounding:
 *   decode(encode(roundTrip(M))) = roundTrip(M), bit for bit, denormals and the ends of the range included.
 * Rounding is to nearest, ties to even. What is finite stays finite, what is not stays not.
 */
import { bfloat16 } from './bfloat16.ts';
import { correlationInt8 } from './correlation-int8.ts';
import { scaledFloat16 } from './scaled-float16.ts';

/** `bf16`: 8 bits of significand; `fp16`: 11 bits, one power of two as scale; `int8`: correlations in 255 steps, exact diagonal. */
export type FactorCodecKind = 'bf16' | 'fp16' | 'int8';

/** One codec. `n` is the side of the matrix. */
export interface FactorCodec {
  /** Bytes of an encoded matrix. */
  encodedSize(n: number): number;
  /** Writes the code of `packed` to `out` [encodedSize], by default a new array, and returns it. O(n^2). */
  encode(packed: Float32Array, n: number, out?: Uint8Array): Uint8Array;
  /** Writes the matrix behind `bytes` to `out` [n(n+1)/2]. O(n^2). */
  decode(bytes: Uint8Array, n: number, out: Float32Array): void;
}

/** The codecs by kind. */
export const factorCodecs: Readonly<Record<FactorCodecKind, FactorCodec>> = {
  bf16: bfloat16,
  fp16: scaledFloat16,
  int8: correlationInt8,
};

/** Rounds a packed matrix in place to what its code says. */
export function roundTrip(kind: FactorCodecKind, packed: Float32Array, n: number): void {
  const codec = factorCodecs[kind];
  codec.decode(codec.encode(packed, n), n, packed);
}
