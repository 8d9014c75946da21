/**
 * Rounding, division with rounding, remainders, and tests for the values that are no numbers. Their slopes are zero almost
 * everywhere, except for the remainder's.
 */
import type { Kernel } from '../kernel.ts';
import { requireFloat } from '../kernel.ts';
import { binary } from './binary.ts';
import { noTangent } from './tangents.ts';
import { unary } from './unary.ts';

/** Rounds ties to the even neighbour, as IEEE 754 and TensorFlow.js do. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The remainder that has the divisor's sign: a - floor(a / b) b, by fmod, which is exact. */
function floorMod(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function predicate(name: string, value: (x: number) => boolean): Kernel {
  return {
    name,
    arity: 1,
    elementwise: true,
    infer([input]) {
      requireFloat(name, input);
      return { shape: input.shape, dtype: 'bool', attributes: {} };
    },
    evaluate: ([{ data }]) => data.map((entry) => Number(value(entry))),
    vjp: () => [undefined],
    jvp: noTangent,
  };
}

/** Rounding, remainders, and tests of numbers. */
export const roundingKernels: readonly Kernel[] = [
  unary('Ceil', Math.ceil, 'zero'),
  unary('Round', roundHalfToEven, 'zero'),
  binary({ name: 'FloorDiv', value: (a, b) => Math.floor(a / b), slopes: 'zero', takes: 'number', makes: 'same' }),
  binary({
    name: 'Mod',
    value: floorMod,
    slopes: (x, { a, b, cotangent: c }) => [() => c, () => x.neg(x.mul(c, x.binary('FloorDiv', a, b)))],
    takes: 'number',
    makes: 'same',
  }),
  predicate('IsNan', Number.isNaN),
  predicate('IsInf', (x) => Math.abs(x) === Infinity),
  predicate('IsFinite', Number.isFinite),
];
