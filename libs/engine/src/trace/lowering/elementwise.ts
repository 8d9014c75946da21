/**
 * Elementwise arithmetic, comparisons and logic. Most kernels are in the core under the same name.
 */
import type { CastAttrs } from '@tensorflow/tfjs-core';
import { isFloat } from '../../graph.ts';
import { requireReal, toComplex } from '../complex-values.ts';
import { supportedDtype } from '../refusals.ts';
import type { Lowering, LoweringTable } from './lowering.ts';

const UNARY = [
  ...'Neg Exp Log Log1p Expm1 Tanh Sigmoid Softplus Relu Sqrt Rsqrt Square Reciprocal Abs Sign Erf Floor Ceil LogicalNot'.split(' '),
  ...'Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh'.split(' '),
];
const BINARY = [
  ...'Add Sub Multiply RealDiv Maximum Minimum Pow Mod Atan2'.split(' '),
  ...'Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr'.split(' '),
];

const unary: LoweringTable = Object.fromEntries(
  UNARY.map((name): [string, Lowering] => [name, (recorder, { x }) => recorder.elementwise(name, x)]),
);

const binary: LoweringTable = Object.fromEntries(
  BINARY.map((name): [string, Lowering] => [name, (recorder, { a, b }) => recorder.elementwise(name, a, b)]),
);

/** Elementwise lowerings. */
export const elementwise: LoweringTable = {
  ...unary,
  ...binary,
  Identity: (_, { x }) => x,
  Cast: (recorder, { x }, { dtype }: CastAttrs) =>
    dtype === 'complex64' ? toComplex(recorder, x) : recorder.cast(requireReal('cast', x), supportedDtype(dtype, x.shape)),
  AddN: (recorder, inputs) => Object.values(inputs).reduce((sum, term) => recorder.elementwise('Add', sum, term)),
  SquaredDifference: (recorder, { a, b }) => recorder.elementwise('Square', recorder.elementwise('Sub', a, b)),
  FloorDiv: (recorder, { a, b }) => recorder.cast(recorder.elementwise('FloorDiv', a, b), 'int32'),
  Round: (recorder, { x }) => (isFloat(x.dtype) ? recorder.elementwise('Round', x) : x),
  LogicalXor: (recorder, { a, b }) => recorder.elementwise('NotEqual', a, b),
  IsNan: test('IsNan', 0),
  IsInf: test('IsInf', 0),
  IsFinite: test('IsFinite', 1),
  Select: (recorder, { condition, t, e }) => recorder.elementwise('Select', recorder.cast(condition, 'bool'), t, e),
};

/** A test of numbers; what it says of integers is known. */
function test(kernel: string, ofIntegers: 0 | 1): Lowering {
  return (recorder, { x }) => (isFloat(x.dtype) ? recorder.elementwise(kernel, x) : recorder.constant(ofIntegers, 'bool', x.shape));
}
