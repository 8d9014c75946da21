/**
 * float16 with one scale 2^e a matrix: the exponent e (int16), then 2 bytes an entry, little-endian. Factors of sums overflow a plain
 * float16. e puts the largest magnitude, as rounded, into [2^15, 2^16): chosen before rounding it could grow by one when the rounded
 * matrix is encoded again, and small entries would lose another bit.
 */
import type { FactorCodec } from './factor-codec.ts';

const HEADER_BYTES = 2;
const TOP = 15;
const LARGEST = 0x7bff;
const INFINITY = 0x7c00;
const NOT_A_NUMBER = 0x7e00;
/** From here on a significand rounds up to 2 in 11 bits. */
const CARRIES = 2 - 2 ** -11;
/** Adding and subtracting it rounds a number below 2^52 to an integer, ties to even. */
const TO_INTEGER = 2 ** 52;

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);
const doubleWords = new Uint32Array(2);
const double = new Float64Array(doubleWords.buffer);

/** See {@link FactorCodec}. */
export const scaledFloat16: FactorCodec = {
  encodedSize: (n) => HEADER_BYTES + n * (n + 1),
  encode(packed, n, out = new Uint8Array(scaledFloat16.encodedSize(n))) {
    const exponent = scaleOf(packed);
    const inverse = powerOfTwo(-exponent);
    out[0] = exponent;
    out[1] = exponent >>> 8;
    for (let i = 0, at = HEADER_BYTES; i < packed.length; i++, at += 2) {
      const half = toHalf(packed[i] * inverse);
      out[at] = half;
      out[at + 1] = half >>> 8;
    }
    return out;
  },
  decode(bytes, _n, out) {
    const scale = powerOfTwo(((bytes[0] | (bytes[1] << 8)) << 16) >> 16);
    for (let i = 0, at = HEADER_BYTES; i < out.length; i++, at += 2) out[i] = fromHalf(bytes[at] | (bytes[at + 1] << 8)) * scale;
  },
};

/** The e of a matrix, from its largest finite magnitude; 0 for zeros. */
function scaleOf(packed: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < packed.length; i++) {
    const magnitude = Math.abs(packed[i]);
    if (magnitude > largest && magnitude < Infinity) largest = magnitude;
  }
  if (largest === 0) return 0;
  double[0] = largest; // normal in float64 even where it is a denormal float32
  const exponent = (doubleWords[1] >>> 20) - 1023;
  const carries = largest * powerOfTwo(-exponent) >= CARRIES;
  return Math.min(carries ? exponent + 1 : exponent, 127) - TOP;
}

/** 2^exponent, exact for every normal float64. */
function powerOfTwo(exponent: number): number {
  doubleWords[0] = 0;
  doubleWords[1] = (exponent + 1023) << 20;
  return double[0];
}

function toHalf(value: number): number {
  single[0] = value; // exact, but for numbers far below half of the smallest float16
  const bits = word[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude >= 0x7f80_0000) return sign | (magnitude > 0x7f80_0000 ? NOT_A_NUMBER : INFINITY);
  if (magnitude < 0x3880_0000) return sign | (Math.abs(value) * 2 ** 24 + TO_INTEGER - TO_INTEGER);
  const rebiased = magnitude - (112 << 23);
  return sign | Math.min((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13, LARGEST);
}

function fromHalf(half: number): number {
  const magnitude = half & 0x7fff;
  if (magnitude >= INFINITY) return magnitude > INFINITY ? NaN : signed(half, Infinity);
  const exponent = magnitude >>> 10;
  const fraction = magnitude & 0x3ff;
  return signed(half, exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * powerOfTwo(exponent - 25));
}

function signed(half: number, magnitude: number): number {
  return half & 0x8000 ? -magnitude : magnitude;
}
