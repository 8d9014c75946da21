/**
 * Elementwise kernels on tfjs: nearly all have a kernel of their name.
 */
import type { Lowering, LoweringTable } from './plan-writer.ts';

const UNARY =
  'Abs Neg Sign Exp Expm1 Log Log1p Tanh Sigmoid Softplus Relu Sqrt Rsqrt Square Reciprocal Sin Cos Erf Floor Ceil Round Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh IsNan IsInf IsFinite LogicalNot';

const BINARY =
  'Add Sub Multiply RealDiv Pow Maximum Minimum Mod FloorDiv Atan2 Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr';

function table(names: string, lowering: (kernel: string) => Lowering): LoweringTable {
  return Object.fromEntries(names.split(' ').map((kernel) => [kernel, lowering(kernel)]));
}

/** Lowerings of elementwise kernels. */
export const elementwiseLowerings: LoweringTable = {
  ...table(UNARY, (kernel) => ({ writer, node, inputs: [x] }) => writer.unary(kernel, x, node.dtype)),
  ...table(BINARY, (kernel) => ({ writer, node, inputs: [a, b] }) => writer.binary(kernel, a, b, node.dtype)),
  Select: ({ writer, inputs: [condition, a, b] }) => writer.select(condition, a, b),
  Cast: ({ writer, node, inputs: [x] }) => writer.cast(x, node.dtype),
  Tap: ({ inputs: [x] }) => x,
  StopGradient: ({ inputs: [x] }) => x,
};
