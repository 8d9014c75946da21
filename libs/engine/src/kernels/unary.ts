/**
 * Elementwise functions of one value. Derivatives are written through the output y where that is cheaper or keeps the
 * input from being held; c is the cotangent.
 */
import { KernelError } from '../errors.ts';
import type { Expressions } from '../expressions.ts';
import { describeType } from '../graph.ts';
import { requireFloat, type Kernel } from '../kernel.ts';
import { erf, softplus } from './special.ts';
import { noTangent } from './tangents.ts';

/** The input's cotangent; as the Jacobian is diagonal, the same rule makes the output's tangent of the input's. */
export type Slope = (x: Expressions, at: { readonly input: number; readonly output: number; readonly cotangent: number }) => number;

/** An elementwise kernel of one value, by its value in float64 and its slope; 'zero' where it is constant almost everywhere. */
export function unary(name: string, value: (x: number) => number, slope: Slope | 'zero', dtypes: 'float' | 'number' = 'float'): Kernel {
  return {
    name,
    arity: 1,
    elementwise: true,
    infer([input]) {
      if (dtypes === 'float') requireFloat(name, input);
      else if (input.dtype === 'bool') throw new KernelError(name, 'a numeric input', `${describeType(input)} (cast it first)`);
      return { ...input, attributes: {} };
    },
    evaluate: ([{ data }]) => data.map((entry) => value(entry)),
    vjp: (x, { inputs: [input], output, cotangent }) => [slope === 'zero' ? undefined : () => slope(x, { input, output, cotangent })],
    jvp: (x, { inputs: [input], output, tangents: [tangent] }) =>
      slope === 'zero' || tangent === undefined ? undefined : slope(x, { input, output, cotangent: tangent }),
  };
}

const negative: Kernel = unary(
  'Neg',
  (x) => -x,
  (x, { cotangent }) => x.neg(cotangent),
  'number',
);
const absolute: Kernel = unary('Abs', Math.abs, (x, { input, cotangent }) => x.mul(cotangent, x.unary('Sign', input)), 'number');
const sign: Kernel = unary('Sign', Math.sign, 'zero', 'number');

const not: Kernel = {
  name: 'LogicalNot',
  arity: 1,
  elementwise: true,
  infer([input]) {
    if (input.dtype !== 'bool') throw new KernelError('LogicalNot', 'a bool input', describeType(input));
    return { ...input, attributes: {} };
  },
  evaluate: ([{ data }]) => data.map((entry) => (entry ? 0 : 1)),
  vjp: () => [undefined],
  jvp: noTangent,
};

const LOG_TWO_OVER_ROOT_PI = Math.log(2 / Math.sqrt(Math.PI));
const LOG_ROOT_TWO_PI = Math.log(2 * Math.PI) / 2;

/** exp(log factor - u^2): the factor costs no pass of its own. */
function scaledGaussian(x: Expressions, u: number, logFactor: number): number {
  return x.unary('Exp', x.sub(x.like(u, logFactor), x.square(u)));
}

function normalCdf(x: number): number {
  return (1 + erf(x * Math.SQRT1_2)) / 2;
}

/** d/dx x P(x) = P(x) + x p(x), with the standard normal distribution's P(x) = (1 + erf u) / 2 and density p, u = x / sqrt 2. */
function geluSlope(x: Expressions, { input, cotangent }: { readonly input: number; readonly cotangent: number }): number {
  const u = x.scale(input, Math.SQRT1_2);
  const probability = x.shift(x.scale(x.unary('Erf', u), 0.5), 0.5);
  return x.mul(cotangent, x.add(probability, x.mul(input, scaledGaussian(x, u, -LOG_ROOT_TWO_PI))));
}

/** Elementwise functions of one value. */
export const unaryKernels: readonly Kernel[] = [
  negative,
  absolute,
  sign,
  not,
  unary('Exp', Math.exp, (x, { output, cotangent }) => x.mul(cotangent, output)),
  unary('Log', Math.log, (x, { input, cotangent }) => x.div(cotangent, input)),
  unary('Log1p', Math.log1p, (x, { input, cotangent }) => x.div(cotangent, x.shift(input, 1))),
  unary('Expm1', Math.expm1, (x, { output, cotangent }) => x.mul(cotangent, x.shift(output, 1))),
  unary('Tanh', Math.tanh, (x, { output, cotangent }) => x.mul(cotangent, x.oneMinus(x.square(output)))),
  unary(
    'Sigmoid',
    (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
    (x, { output, cotangent }) => x.mul(cotangent, x.mul(output, x.oneMinus(output))),
  ),
  unary('Softplus', softplus, (x, { input, cotangent }) => x.mul(cotangent, x.unary('Sigmoid', input))),
  // Through the output: relu(x) > 0 exactly where x > 0, and x need not be held.
  unary(
    'Relu',
    (x) => (x > 0 || Number.isNaN(x) ? x : 0),
    (x, { output, cotangent }) => x.where(x.binary('Greater', output, x.like(output, 0)), cotangent),
  ),
  unary('Sqrt', Math.sqrt, (x, { output, cotangent }) => x.div(x.scale(cotangent, 0.5), output)),
  unary(
    'Rsqrt',
    (x) => 1 / Math.sqrt(x),
    (x, { input, output, cotangent }) => x.mul(cotangent, x.div(x.scale(output, -0.5), input)),
  ),
  unary(
    'Square',
    (x) => x * x,
    // The cotangent of a mean of squares is one number a row: doubling it, and not the input, is a pass less.
    (x, { input, cotangent }) => x.mul(x.scale(cotangent, 2), input),
    'number',
  ),
  unary(
    'Reciprocal',
    (x) => 1 / x,
    (x, { output, cotangent }) => x.neg(x.mul(cotangent, x.square(output))),
  ),
  unary('Sin', Math.sin, (x, { input, cotangent }) => x.mul(cotangent, x.unary('Cos', input))),
  unary('Cos', Math.cos, (x, { input, cotangent }) => x.neg(x.mul(cotangent, x.unary('Sin', input)))),
  unary('Erf', erf, (x, { input, cotangent }) => x.mul(cotangent, scaledGaussian(x, input, LOG_TWO_OVER_ROOT_PI))),
  unary('Gelu', (x) => x * normalCdf(x), geluSlope),
  unary('Floor', Math.floor, 'zero'),
];
