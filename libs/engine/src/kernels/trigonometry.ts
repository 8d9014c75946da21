/**
 * Tangent, the inverse circular functions, and the hyperbolic functions with their inverses, in radians. Outside of a
 * function's domain the value is NaN. c is the cotangent.
 */
import type { Expressions } from '../expressions.ts';
import type { Kernel } from '../kernel.ts';
import { binary } from './binary.ts';
import { unary, type Slope } from './unary.ts';

/** c / sqrt(q(x)), the slope of most inverse functions. */
const overRoot =
  (square: (x: Expressions, input: number) => number): Slope =>
  (x, { input, cotangent }) =>
    x.mul(cotangent, x.unary('Rsqrt', square(x, input)));

/** 1 - x^2 as (1 - x)(1 + x), which does not cancel near the ends of the domain. */
const oneMinusSquare = (x: Expressions, input: number): number => x.mul(x.oneMinus(input), x.shift(input, 1));

const onePlusSquare = (x: Expressions, input: number): number => x.shift(x.square(input), 1);

const asinSlope = overRoot(oneMinusSquare);

const atan2 = binary({
  name: 'Atan2',
  value: Math.atan2,
  slopes: (x, { a, b, cotangent: c }) => {
    const scaled = (): number => x.div(c, x.add(x.square(a), x.square(b)));
    return [() => x.mul(scaled(), b), () => x.neg(x.mul(scaled(), a))];
  },
  takes: 'float',
  makes: 'same',
});

/** Circular and hyperbolic functions beside Sin, Cos and Tanh; Atan2(y, x) is the angle of the point (x, y) in (-pi, pi]. */
export const trigonometryKernels: readonly Kernel[] = [
  unary('Tan', Math.tan, (x, { output, cotangent }) => x.mul(cotangent, x.shift(x.square(output), 1))),
  unary('Asin', Math.asin, asinSlope),
  unary('Acos', Math.acos, (x, at) => x.neg(asinSlope(x, at))),
  unary('Atan', Math.atan, (x, { input, cotangent }) => x.div(cotangent, onePlusSquare(x, input))),
  unary('Sinh', Math.sinh, (x, { input, cotangent }) => x.mul(cotangent, x.unary('Cosh', input))),
  unary('Cosh', Math.cosh, (x, { input, cotangent }) => x.mul(cotangent, x.unary('Sinh', input))),
  unary('Asinh', Math.asinh, overRoot(onePlusSquare)),
  unary(
    'Acosh',
    Math.acosh,
    overRoot((x, input) => x.mul(x.shift(input, -1), x.shift(input, 1))),
  ),
  unary('Atanh', Math.atanh, (x, { input, cotangent }) => x.div(cotangent, oneMinusSquare(x, input))),
  atan2,
];
