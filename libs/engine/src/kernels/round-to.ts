/**
 * RoundTo: a value rounded to a 16-bit format and held in its own type again, as devices hold the operands of their products. To
 * nearest, ties to even; beyond the largest number infinity, below the normal numbers denormals (IEEE 754, 4.3.1 and 7.4).
 * Derivatives pass straight through: those of the rounding itself are zero almost everywhere, and no use to learning
 * (Bengio, Leonard, Courville 2013, "Estimating or propagating gradients through stochastic neurons").
 */
import { KernelError } from '../errors.ts';
import { requireFloat, type Kernel } from '../kernel.ts';

/** A format of 16 bits. */
export type HalfFormat = 'bfloat16' | 'float16';

/** Bits of the significand with the leading one, exponent of the smallest normal number, and the largest number. */
const FORMATS: Readonly<Record<HalfFormat, { readonly bits: number; readonly least: number; readonly largest: number }>> = {
  bfloat16: { bits: 8, least: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
  float16: { bits: 11, least: -14, largest: 65504 },
};

/** Rounds one number. */
export function roundToFormat(value: number, format: HalfFormat): number {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || !Number.isFinite(value)) return value;
  const { bits, least, largest } = FORMATS[format];
  const step = 2 ** (Math.max(exponentOf(magnitude), least) - (bits - 1));
  const rounded = halfToEven(magnitude / step) * step;
  return Math.sign(value) * (rounded > largest ? Infinity : rounded);
}

/** The e of 2^e <= x < 2^(e + 1). */
function exponentOf(x: number): number {
  const guess = Math.floor(Math.log2(x));
  if (2 ** guess > x) return guess - 1;
  return 2 ** (guess + 1) <= x ? guess + 1 : guess;
}

function halfToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** RoundTo {format}. */
export const roundToKernel: Kernel = {
  name: 'RoundTo',
  arity: 1,
  elementwise: true,
  infer([input], { format }) {
    requireFloat('RoundTo', input);
    if (format !== 'bfloat16' && format !== 'float16')
      throw new KernelError('RoundTo', 'attribute format: bfloat16 or float16', JSON.stringify(format) ?? 'none');
    return { shape: input.shape, dtype: input.dtype, attributes: { format } };
  },
  evaluate: ([{ data }], { attributes }) => data.map((value) => roundToFormat(value, attributes.format as HalfFormat)),
  vjp: (_x, { cotangent }) => [() => cotangent],
  jvp: (_x, { tangents: [tangent] }) => tangent,
};
