/**
 * Elementwise kernels in ONNX. Where the CPU provider lacks an operation or a type, it is composed; compositions keep the
 * relative accuracy near zero that the kernel promises.
 */
import { sameShape } from '@geodesic/tensor';
import type { Emission, EmissionTable, Site } from './emission.ts';
import { UnsupportedKernelError } from '../errors.ts';
import type { HalfFormat } from '../kernels/round-to.ts';
import { ELEMENT, HALF } from './proto.ts';
import { isDouble } from './writer.ts';

const direct =
  (op: string): Emission =>
  ({ writer, inputs }) =>
    writer.op(op, inputs);

/** A scalar of the node's first input's type. */
const number = ({ writer, inputTypes }: Site, value: number): string => writer.scalar(inputTypes[0].dtype, value);

/** Comparisons and logic of bools go through int32 where ONNX has no bool version. */
const compare =
  (op: string): Emission =>
  ({ writer, inputs, inputTypes }) => {
    const bool = inputTypes[0].dtype === 'bool' && op !== 'Equal';
    return writer.op(op, bool ? inputs.map((input) => writer.op('Cast', [input], { to: ELEMENT.int32 })) : inputs);
  };

const square: Emission = ({ writer, inputs: [x] }) => writer.op('Mul', [x, x]);
const rsqrt: Emission = ({ writer, inputs: [x] }) => writer.op('Reciprocal', [writer.op('Sqrt', [x])]);
const notEqual: Emission = ({ writer, inputs }) => writer.op('Not', [writer.op('Equal', inputs)]);

/** log(1 + x) = x log(u) / (u - 1) with u the rounded 1 + x (Kahan): the rounding error of u cancels. */
export const log1p: Emission = (site) => {
  const { writer, inputs } = site;
  const [x] = inputs;
  const one = number(site, 1);
  const u = writer.op('Add', [x, one]);
  // Where 1 is lost in x nothing is left to correct; infinity stays infinity.
  const ratio = writer.op('Where', [writer.op('Equal', [u, x]), one, writer.op('Div', [x, writer.op('Sub', [u, one])])]);
  const kahan = writer.op('Mul', [writer.op('Log', [u]), ratio]);
  return writer.op('Where', [writer.op('Equal', [u, one]), x, kahan]);
};

/** exp(x) - 1 = tanh(x / 2) (exp(x) + 1), without cancellation. */
export const expm1: Emission = (site) => {
  const { writer, inputs } = site;
  const [x] = inputs;
  const half = writer.op('Tanh', [writer.op('Mul', [x, number(site, 0.5)])]);
  return writer.op('Mul', [half, writer.op('Add', [writer.op('Exp', [x]), number(site, 1)])]);
};

/**
 * log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)). ONNX's own has no double version; in single precision it is as exact as a plain
 * logarithm here, but takes three times as long, entry by entry.
 */
const softplus: Emission = (site) => {
  const { writer, inputs, inputTypes } = site;
  const tail = writer.op('Exp', [writer.op('Neg', [writer.op('Abs', inputs)])]);
  if (!isDouble(writer, inputTypes[0].dtype))
    return writer.op('Add', [writer.op('Relu', inputs), writer.op('Log', [writer.op('Add', [tail, number(site, 1)])])]);
  return writer.op('Add', [writer.op('Max', [inputs[0], number(site, 0)]), log1p({ ...site, inputs: [tail] })]);
};

const pow: Emission = ({ writer, node, inputs, inputTypes }) => {
  if (writer.can('Pow.broadcast', node.dtype)) return writer.op('Pow', inputs);
  const operands = inputs.map((input, i) =>
    sameShape(inputTypes[i].shape, node.shape) ? input : writer.op('Expand', [input, writer.integers(node.shape)]),
  );
  return writer.op('Pow', operands);
};

/** There and back: the cast rounds to nearest even. */
const roundTo: Emission = ({ writer, node, inputs }) => {
  const format = node.attributes.format as HalfFormat;
  if (!writer.can(`Cast.${format}`, node.dtype))
    throw new UnsupportedKernelError(writer.capabilities.executor, node.kernel, `the provider has no ${format}`);
  const half = writer.op('Cast', inputs, { to: HALF[format] });
  return writer.op('Cast', [half], { to: ELEMENT[writer.element(node.dtype)] });
};

const select: Emission = ({ writer, node, inputs }) => {
  const [condition, a, b] = inputs;
  if (node.dtype !== 'bool') return writer.op('Where', [condition, a, b]);
  const otherwise = writer.op('And', [writer.op('Not', [condition]), b]);
  return writer.op('Or', [writer.op('And', [condition, a]), otherwise]);
};

const cast: Emission = ({ writer, node, inputs, inputTypes }) => {
  const to = writer.element(node.dtype);
  return writer.element(inputTypes[0].dtype) === to ? inputs[0] : writer.op('Cast', inputs, { to: ELEMENT[to] });
};

const same = ['Neg', 'Abs', 'Sign', 'Exp', 'Log', 'Tanh', 'Sigmoid', 'Relu', 'Sqrt', 'Reciprocal', 'Sin', 'Cos', 'Floor', 'Add', 'Sub'];
const renamed = { Multiply: 'Mul', RealDiv: 'Div', Maximum: 'Max', Minimum: 'Min', LogicalNot: 'Not', LogicalAnd: 'And', LogicalOr: 'Or' };
const comparisons = { Greater: 'Greater', GreaterEqual: 'GreaterOrEqual', Less: 'Less', LessEqual: 'LessOrEqual', Equal: 'Equal' };

/** Emissions of elementwise kernels. */
export const elementwiseEmissions: EmissionTable = {
  ...Object.fromEntries(same.map((kernel) => [kernel, direct(kernel)])),
  ...Object.fromEntries(Object.entries(renamed).map(([kernel, op]) => [kernel, direct(op)])),
  ...Object.fromEntries(Object.entries(comparisons).map(([kernel, op]) => [kernel, compare(op)])),
  Square: square,
  Rsqrt: rsqrt,
  NotEqual: notEqual,
  Log1p: log1p,
  Expm1: expm1,
  Softplus: softplus,
  Pow: pow,
  RoundTo: roundTo,
  Select: select,
  Cast: cast,
};
