/**
 * bfloat16: the upper half of a float32, 2 bytes an entry, little-endian. The range is that of float32, so no scale is needed; finite
 * numbers beyond the largest bfloat16 become that one instead of infinity, which would look like a diverged run.
 */
import type { FactorCodec } from './factor-codec.ts';

const INFINITY = 0x7f80;
const NOT_A_NUMBER = 0x7fc0;

/** See {@link FactorCodec}. */
export const bfloat16: FactorCodec = {
  encodedSize: (n) => n * (n + 1),
  encode(packed, n, out = new Uint8Array(bfloat16.encodedSize(n))) {
    const words = new Uint32Array(packed.buffer, packed.byteOffset, packed.length);
    for (let i = 0; i < words.length; i++) {
      const half = upperHalf(words[i]);
      out[2 * i] = half;
      out[2 * i + 1] = half >>> 8;
    }
    return out;
  },
  decode(bytes, _n, out) {
    const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < words.length; i++) words[i] = (bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24);
  },
};

function upperHalf(word: number): number {
  const magnitude = word & 0x7fff_ffff;
  const sign = (word >>> 16) & 0x8000;
  if (magnitude >= INFINITY << 16) return sign | (magnitude > INFINITY << 16 ? NOT_A_NUMBER : INFINITY);
  const rounded = (magnitude + 0x7fff + ((magnitude >>> 16) & 1)) >>> 16;
  return sign | Math.min(rounded, INFINITY - 1);
}
