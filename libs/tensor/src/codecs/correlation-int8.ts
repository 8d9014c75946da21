/**
 * Correlations in one byte: C_ij = M_ij / sqrt(M_ii M_jj) in [-1, 1] as the integer nearest 127 C_ij, the diagonal as it is. Layout:
 * n float32 of diagonal, little-endian, then n(n-1)/2 int8 of the strict upper triangle, row-major.
 * A row whose diagonal is zero, negative or NaN is zeros beside the diagonal. Correlations beyond 1, which rounding makes of nearly
 * collinear rows, count as 1. The decoded matrix is positive semi-definite but for errors up to n/254 of the diagonal.
 */
import type { FactorCodec } from './factor-codec.ts';

const STEPS = 127;
const NOT_FINITE = -128;
/** Adding and subtracting it rounds a number of at most 2^51 to an integer, ties to even. */
const TO_INTEGER = 1.5 * 2 ** 52;

/** See {@link FactorCodec}. */
export const correlationInt8: FactorCodec = {
  encodedSize: (n) => 4 * n + (n * (n - 1)) / 2,
  encode(packed, n, out = new Uint8Array(correlationInt8.encodedSize(n))) {
    const roots = new Float64Array(n);
    const view = new DataView(out.buffer, out.byteOffset, 4 * n);
    for (let i = 0, at = 0; i < n; at += n - i, i++) {
      view.setFloat32(4 * i, packed[at], true);
      roots[i] = rootOf(packed[at]);
    }
    for (let i = 0, from = 0, to = 4 * n; i < n; i++) {
      from++;
      for (let j = i + 1; j < n; j++) out[to++] = codeOf(packed[from++], roots[i] * roots[j]);
    }
    return out;
  },
  decode(bytes, n, out) {
    const roots = new Float64Array(n);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 4 * n);
    for (let i = 0; i < n; i++) roots[i] = rootOf(view.getFloat32(4 * i, true));
    for (let i = 0, from = 4 * n, to = 0; i < n; i++) {
      out[to++] = view.getFloat32(4 * i, true);
      for (let j = i + 1; j < n; j++) out[to++] = valueOf((bytes[from++] << 24) >> 24, roots[i] * roots[j]);
    }
  },
};

function rootOf(diagonal: number): number {
  return diagonal > 0 ? Math.sqrt(diagonal) : 0;
}

/** @param norm sqrt(M_ii M_jj), 0 where there is no correlation */
function codeOf(value: number, norm: number): number {
  if (!Number.isFinite(value)) return NOT_FINITE;
  if (norm === 0) return 0;
  const correlation = Math.min(1, Math.max(-1, value / norm));
  return STEPS * correlation + TO_INTEGER - TO_INTEGER;
}

function valueOf(code: number, norm: number): number {
  if (code === NOT_FINITE) return NaN;
  return code === 0 ? 0 : (code / STEPS) * norm;
}
