/**
 * Elementwise functions of two values, and selection, with numpy broadcasting of all inputs. A cotangent is summed over
 * the axes along which its input was repeated.
 */
import { broadcastShapes, type DType, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import type { Expressions } from '../expressions.ts';
import { describeType, type ValueType } from '../graph.ts';
import { requireFloat, requireSameDtype, type Derivation, type Kernel, type Linearization, type Operand } from '../kernel.ts';
import { broadcastStrides, offsets } from './offsets.ts';
import { sumOfTerms } from './tangents.ts';

/**
 * Cotangents of both inputs before the reduction to their shapes; as the Jacobian is diagonal, the same rules make both
 * terms of the tangent. 'zero' for functions that are constant almost everywhere.
 */
export type Slopes = (
  x: Expressions,
  at: { a: number; b: number; output: number; cotangent: number },
) => readonly [() => number, () => number];

/** What makes an elementwise kernel of two values. */
export interface BinaryOptions {
  readonly name: string;
  readonly value: (a: number, b: number) => number;
  readonly slopes: Slopes | 'zero';
  readonly takes: 'float' | 'number' | 'bool' | 'any';
  readonly makes: 'same' | 'bool';
  readonly commutative?: true;
}

/** An elementwise kernel of two values with numpy broadcasting. */
export function binary({ name, value, slopes, takes, makes, commutative }: BinaryOptions): Kernel {
  return {
    name,
    arity: 2,
    elementwise: true,
    ...(commutative && { commutative }),
    infer(inputs) {
      requireSameDtype(name, inputs);
      if (takes === 'float') requireFloat(name, inputs[0]);
      if (takes === 'bool' && inputs[0].dtype !== 'bool')
        throw new KernelError(name, 'bool inputs', `${describeType(inputs[0])} (compare first)`);
      if (takes === 'number' && inputs[0].dtype === 'bool') throw new KernelError(name, 'numeric inputs', 'bool (cast it first)');
      const dtype: DType = makes === 'same' ? inputs[0].dtype : 'bool';
      return { shape: broadcastAll(name, inputs), dtype, attributes: {} };
    },
    evaluate([a, b], { shape }) {
      const aAt = repeat(a, shape);
      const bAt = repeat(b, shape);
      return Float64Array.from(aAt, (at, i) => value(a.data[at], b.data[bAt[i]]));
    },
    vjp(x, { inputs: [a, b], output, cotangent }: Derivation) {
      if (slopes === 'zero') return [undefined, undefined];
      const [toA, toB] = slopes(x, { a, b, output, cotangent });
      return [() => x.reduceTo(toA(), x.shapeOf(a)), () => x.reduceTo(toB(), x.shapeOf(b))];
    },
    jvp(x, { inputs: [a, b], output, tangents }: Linearization) {
      if (slopes === 'zero') return undefined;
      const terms = tangents.map((cotangent, i) => (cotangent === undefined ? undefined : slopes(x, { a, b, output, cotangent })[i]()));
      return sumOfTerms(x, terms);
    },
  };
}

function repeat(operand: Operand, shape: Shape): Int32Array {
  return offsets(shape, broadcastStrides(operand.shape, shape));
}

function broadcastAll(name: string, inputs: readonly ValueType[]): number[] {
  try {
    return inputs.map(({ shape }) => [...shape]).reduce((a, b) => broadcastShapes(a, b));
  } catch {
    throw new KernelError(name, 'shapes that broadcast', inputs.map((input) => describeType(input)).join(' and '));
  }
}

function comparison(name: string, value: (a: number, b: number) => boolean): Kernel {
  return binary({ name, value: (a, b) => Number(value(a, b)), slopes: 'zero', takes: 'any', makes: 'bool' });
}

function logical(name: string, value: (a: number, b: number) => number): Kernel {
  return binary({ name, value, slopes: 'zero', takes: 'bool', makes: 'same', commutative: true });
}

/** Larger or smaller of two; at a tie the whole cotangent goes to the first, as in TensorFlow.js. */
function extremum(name: 'Maximum' | 'Minimum', value: (a: number, b: number) => number, winner: string): Kernel {
  const slopes: Slopes = (x, { a, b, cotangent }) => {
    const first = (): number => x.binary(winner, a, b);
    return [() => x.where(first(), cotangent), () => x.where(x.unary('LogicalNot', first()), cotangent)];
  };
  return binary({ name, value, slopes, takes: 'number', makes: 'same' });
}

const powerSlopes: Slopes = (x, { a, b, output, cotangent }) => [
  () => {
    // b a^(b-1); at a = b = 0 that would be 0 * inf, while a^0 is constant.
    const zero = x.like(a, 0);
    const indefinite = x.binary('LogicalAnd', x.binary('Equal', a, zero), x.binary('Equal', b, zero));
    return x.mul(cotangent, x.mul(b, x.binary('Pow', a, x.shift(x.select(indefinite, x.like(b, 1), b), -1))));
  },
  () => {
    // d/db a^b = a^b log a; by convention 0 where a <= 0, where the logarithm does not exist.
    const positive = x.binary('Greater', a, x.like(a, 0));
    const log = x.unary('Log', x.select(positive, a, x.like(a, 1)));
    return x.mul(cotangent, x.mul(output, log));
  },
];

const select: Kernel = {
  name: 'Select',
  arity: 3,
  elementwise: true,
  infer(inputs) {
    if (inputs[0].dtype !== 'bool') throw new KernelError('Select', 'a bool condition', describeType(inputs[0]));
    requireSameDtype('Select', inputs.slice(1));
    return { shape: broadcastAll('Select', inputs), dtype: inputs[1].dtype, attributes: {} };
  },
  evaluate([condition, a, b], { shape }) {
    const aAt = repeat(a, shape);
    const bAt = repeat(b, shape);
    return Float64Array.from(repeat(condition, shape), (at, i) => (condition.data[at] ? a.data[aAt[i]] : b.data[bAt[i]]));
  },
  vjp: (x, { inputs: [condition, a, b], cotangent }) => [
    undefined,
    () => x.reduceTo(x.where(condition, cotangent), x.shapeOf(a)),
    () => x.reduceTo(x.select(condition, x.like(cotangent, 0), cotangent), x.shapeOf(b)),
  ],
  // Selected, not masked by a product: an infinite tangent of the branch not taken does not leak.
  jvp(x, { inputs: [condition, a], tangents: [, ta, tb] }) {
    const zero = x.like(a, 0);
    return x.select(condition, ta ?? zero, tb ?? zero);
  },
};

const both = { takes: 'number', makes: 'same' } as const;

/** Elementwise functions of two values, and Select. */
export const binaryKernels: readonly Kernel[] = [
  binary({ name: 'Add', value: (a, b) => a + b, slopes: (_x, { cotangent: c }) => [() => c, () => c], ...both, commutative: true }),
  binary({ name: 'Sub', value: (a, b) => a - b, slopes: (x, { cotangent: c }) => [() => c, () => x.neg(c)], ...both }),
  binary({
    name: 'Multiply',
    value: (a, b) => a * b,
    slopes: (x, { a, b, cotangent: c }) => [() => x.mul(c, b), () => x.mul(c, a)],
    ...both,
    commutative: true,
  }),
  binary({
    name: 'RealDiv',
    value: (a, b) => a / b,
    slopes: (x, { b, output, cotangent: c }) => [() => x.div(c, b), () => x.neg(x.mul(c, x.div(output, b)))],
    takes: 'float',
    makes: 'same',
  }),
  binary({ name: 'Pow', value: (a, b) => a ** b, slopes: powerSlopes, takes: 'float', makes: 'same' }),
  extremum('Maximum', Math.max, 'GreaterEqual'),
  extremum('Minimum', Math.min, 'LessEqual'),
  comparison('Greater', (a, b) => a > b),
  comparison('GreaterEqual', (a, b) => a >= b),
  comparison('Less', (a, b) => a < b),
  comparison('LessEqual', (a, b) => a <= b),
  comparison('Equal', (a, b) => a === b),
  comparison('NotEqual', (a, b) => a !== b),
  logical('LogicalAnd', (a, b) => a & b),
  logical('LogicalOr', (a, b) => a | b),
  select,
];
