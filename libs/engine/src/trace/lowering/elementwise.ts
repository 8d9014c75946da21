/**
 * Elementwise arithmetic, comparisons and logic. Most kernels are in the core under the same name; the others are written
 * so that neither value nor derivative is lost near zero (hyperbolic functions go through expm1 and log1p).
 */
import type { CastAttrs, FusedBatchNormAttrs } from '@tensorflow/tfjs-core';
import type { Recorder, Value } from '../recorder.ts';
import { supportedDtype } from '../refusals.ts';
import type { Lowering, LoweringTable } from './lowering.ts';

const UNARY = 'Neg Exp Log Log1p Expm1 Tanh Sigmoid Softplus Relu Sqrt Rsqrt Square Reciprocal Abs Sign Sin Cos Erf Floor LogicalNot';
const BINARY = 'Add Sub Multiply RealDiv Maximum Minimum Pow Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr';

const unary: LoweringTable = Object.fromEntries(
  UNARY.split(' ').map((name): [string, Lowering] => [name, (recorder, { x }) => recorder.elementwise(name, x)]),
);

const binary: LoweringTable = Object.fromEntries(
  BINARY.split(' ').map((name): [string, Lowering] => [name, (recorder, { a, b }) => recorder.elementwise(name, a, b)]),
);

/** Elementwise lowerings. */
export const elementwise: LoweringTable = {
  ...unary,
  ...binary,
  Identity: (_, { x }) => x,
  Cast: (recorder, { x }, { dtype }: CastAttrs) => recorder.cast(x, supportedDtype(dtype, x.shape)),
  AddN: (recorder, inputs) => Object.values(inputs).reduce((sum, term) => recorder.elementwise('Add', sum, term)),
  SquaredDifference: (recorder, { a, b }) => recorder.elementwise('Square', recorder.elementwise('Sub', a, b)),
  FloorDiv: (recorder, { a, b }) => recorder.cast(floorDivide(recorder, a, b), 'int32'),
  Mod: (recorder, { a, b }) => recorder.elementwise('Sub', a, recorder.elementwise('Multiply', floorDivide(recorder, a, b), b)),
  Ceil: (recorder, { x }) => recorder.elementwise('Neg', recorder.elementwise('Floor', recorder.elementwise('Neg', x))),
  Round: (recorder, { x }) => roundHalfToEven(recorder, x),
  IsNan: (recorder, { x }) => recorder.elementwise('NotEqual', x, x),
  Tan: (recorder, { x }) => recorder.elementwise('RealDiv', recorder.elementwise('Sin', x), recorder.elementwise('Cos', x)),
  Sinh: (recorder, { x }) => halfOf(recorder, 'Sub', 'Expm1', x),
  Cosh: (recorder, { x }) => halfOf(recorder, 'Add', 'Exp', x),
  Asinh: (recorder, { x }) => {
    // sign(x) log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))) does not cancel for small or negative x.
    const square = recorder.elementwise('Square', x);
    const root = recorder.elementwise('Sqrt', recorder.elementwise('Add', square, 1));
    const excess = recorder.elementwise('RealDiv', square, recorder.elementwise('Add', root, 1));
    const magnitude = recorder.elementwise('Log1p', recorder.elementwise('Add', recorder.elementwise('Abs', x), excess));
    return recorder.elementwise('Multiply', recorder.elementwise('Sign', x), magnitude);
  },
  Acosh: (recorder, { x }) => {
    const factors = recorder.elementwise('Multiply', recorder.elementwise('Sub', x, 1), recorder.elementwise('Add', x, 1));
    return recorder.elementwise('Log', recorder.elementwise('Add', x, recorder.elementwise('Sqrt', factors)));
  },
  Atanh: (recorder, { x }) => halfOf(recorder, 'Sub', 'Log1p', x),
  Select: (recorder, { condition, t, e }) => recorder.elementwise('Select', recorder.cast(condition, 'bool'), t, e),
  FusedBatchNorm: (recorder, { x, mean, variance, offset, scale }, { varianceEpsilon }: FusedBatchNormAttrs) => {
    const deviation = recorder.elementwise('Rsqrt', recorder.elementwise('Add', variance, varianceEpsilon));
    const factor = scale === undefined ? deviation : recorder.elementwise('Multiply', deviation, scale);
    const normalised = recorder.elementwise('Multiply', recorder.elementwise('Sub', x, mean), factor);
    return offset === undefined ? normalised : recorder.elementwise('Add', normalised, offset);
  },
};

/** floor(a / b), through floats for integers. */
function floorDivide(recorder: Recorder, a: Value, b: Value): Value {
  const quotient = recorder.elementwise('RealDiv', recorder.cast(a, 'float32'), recorder.cast(b, 'float32'));
  return recorder.cast(recorder.elementwise('Floor', quotient), a.dtype);
}

/** (f(x) op f(-x)) / 2. */
function halfOf(recorder: Recorder, operation: 'Add' | 'Sub', f: string, x: Value): Value {
  const mirrored = recorder.elementwise(f, recorder.elementwise('Neg', x));
  return recorder.elementwise('Multiply', recorder.elementwise(operation, recorder.elementwise(f, x), mirrored), 0.5);
}

/** Rounds ties to the even neighbour, as tfjs does. */
function roundHalfToEven(recorder: Recorder, x: Value): Value {
  const below = recorder.elementwise('Floor', x);
  const rest = recorder.elementwise('Sub', x, below);
  const evenBelow = recorder.elementwise('Multiply', recorder.elementwise('Floor', recorder.elementwise('Multiply', below, 0.5)), 2);
  const tieUp = recorder.elementwise(
    'LogicalAnd',
    recorder.elementwise('Equal', rest, 0.5),
    recorder.elementwise('NotEqual', below, evenBelow),
  );
  const up = recorder.elementwise('LogicalOr', recorder.elementwise('Greater', rest, 0.5), tieUp);
  return recorder.elementwise('Add', below, recorder.cast(up, x.dtype));
}
