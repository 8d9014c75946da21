/**
 * Elementwise kernels on tfjs: nearly all have a kernel of their name.
 */
import type { Lowering, LoweringTable } from './plan-writer.ts';

const UNARY =
  'Abs Neg Sign Exp Expm1 Log Log1p Tanh Sigmoid Softplus Relu Sqrt Rsqrt Square Reciprocal Sin Cos Erf Floor Ceil Round Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh IsNan IsInf IsFinite LogicalNot';

const BINARY =
  'Add Sub Multiply RealDiv Pow Maximum Minimum Mod Atan2 Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr';

function table(names: string, lowering: (kernel: string) => Lowering): LoweringTable {
  return Object.fromEntries(names.split(' ').map((kernel) => [kernel, lowering(kernel)]));
}

/** x (1 + erf(x / sqrt 2)) / 2. */
const gelu: Lowering = ({ writer, inputs: [x] }) => {
  const scaled = (value: number, factor: number): number => writer.binary('Multiply', value, writer.scalar('float32', factor));
  const doubled = writer.binary('Add', writer.unary('Erf', scaled(x, Math.SQRT1_2)), writer.scalar('float32', 1));
  return writer.binary('Multiply', scaled(x, 0.5), doubled);
};

/** Lowerings of elementwise kernels. */
export const elementwiseLowerings: LoweringTable = {
  ...table(
    UNARY,
    (kernel) =>
      ({ writer, node, inputs: [x] }) =>
        writer.unary(kernel, x, node.dtype),
  ),
  ...table(
    BINARY,
    (kernel) =>
      ({ writer, node, inputs: [a, b] }) =>
        writer.binary(kernel, a, b, node.dtype),
  ),
  Select: ({ writer, inputs: [condition, a, b] }) => writer.select(condition, a, b),
  Cast: ({ writer, node, inputs: [x] }) => writer.cast(x, node.dtype),
  // The kernel of this name makes integers.
  FloorDiv: ({ writer, node, inputs: [a, b] }) =>
    node.dtype === 'int32' ? writer.binary('FloorDiv', a, b) : writer.unary('Floor', writer.binary('RealDiv', a, b)),
  Gelu: gelu,
  Tap: ({ inputs: [x] }) => x,
  StopGradient: ({ inputs: [x] }) => x,
};
