/**
 * Elementwise kernels in ONNX. Where the CPU provider lacks an operation or a type, it is composed; compositions keep the
 * relative accuracy near zero that the kernel promises.
 */
import { UnsupportedKernelError } from '../errors.ts';
import type { Emission, EmissionTable, Site } from './emission.ts';
import { ELEMENT } from './proto.ts';
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
const log1p: Emission = (site) => {
  const { writer, inputs } = site;
  const [x] = inputs;
  const one = number(site, 1);
  const u = writer.op('Add', [x, one]);
  const kahan = writer.op('Mul', [writer.op('Log', [u]), writer.op('Div', [x, writer.op('Sub', [u, one])])]);
  return writer.op('Where', [writer.op('Equal', [u, one]), x, kahan]);
};

/** exp(x) - 1 = tanh(x / 2) (exp(x) + 1), without cancellation. */
const expm1: Emission = (site) => {
  const { writer, inputs } = site;
  const [x] = inputs;
  const half = writer.op('Tanh', [writer.op('Mul', [x, number(site, 0.5)])]);
  return writer.op('Mul', [half, writer.op('Add', [writer.op('Exp', [x]), number(site, 1)])]);
};

/** log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)); ONNX's own has no double version. */
const softplus: Emission = (site) => {
  const { writer, inputs, inputTypes } = site;
  if (!isDouble(writer, inputTypes[0].dtype)) return writer.op('Softplus', inputs);
  const tail = writer.op('Exp', [writer.op('Neg', [writer.op('Abs', inputs)])]);
  return writer.op('Add', [writer.op('Max', [inputs[0], number(site, 0)]), log1p({ ...site, inputs: [tail] })]);
};

/** cos(x) = sin(x + pi/2) in double, which the provider lacks. */
const cos: Emission = (site) => {
  const { writer, inputs, inputTypes } = site;
  if (!isDouble(writer, inputTypes[0].dtype)) return writer.op('Cos', inputs);
  return writer.op('Sin', [writer.op('Add', [inputs[0], number(site, Math.PI / 2)])]);
};

const erf: Emission = ({ writer, inputs, inputTypes }) => {
  if (isDouble(writer, inputTypes[0].dtype))
    throw new UnsupportedKernelError('onnx-cpu', 'Erf', 'the provider has no float64 version (use float32)');
  return writer.op('Erf', inputs);
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

const same = ['Neg', 'Abs', 'Sign', 'Exp', 'Log', 'Tanh', 'Sigmoid', 'Relu', 'Sqrt', 'Reciprocal', 'Sin', 'Floor', 'Add', 'Sub', 'Pow'];
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
  Cos: cos,
  Erf: erf,
  Select: select,
  Cast: cast,
};
