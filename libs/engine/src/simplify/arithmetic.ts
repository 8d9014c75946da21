/**
 * Identities of elementwise kernels. Only those that hold for every number, NaN and infinities included (x * 0 is kept,
 * for it may be NaN); up to the sign of zero and, in chains of scalar factors, the last bit.
 */
import type { GraphBuilder } from '../graph-builder.ts';
import type { GraphNode } from '../graph.ts';
import { broadcast, madeBy, makeSplat, splatOf, type Rule } from './splat.ts';

/** Splits a product by a known factor into both. */
function scaled(builder: GraphBuilder, node: GraphNode | undefined): { input: number; factor: number } | undefined {
  if (node?.kernel === 'Neg') return { input: node.inputs[0], factor: -1 };
  if (node?.kernel !== 'Multiply') return undefined;
  for (const at of [0, 1]) {
    const factor = splatOf(builder, node.inputs[at]);
    if (factor !== undefined) return { input: node.inputs[1 - at], factor };
  }
  return undefined;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isFinite(value) && value !== 0 && Number.isInteger(Math.log2(Math.abs(value)));
}

const add: Rule = (builder, { inputs: [a, b], shape }) => {
  if (splatOf(builder, a) === 0) return broadcast(builder, b, shape);
  if (splatOf(builder, b) === 0) return broadcast(builder, a, shape);
  const negatedB = madeBy(builder, b, 'Neg');
  if (negatedB) return builder.add('Sub', [a, negatedB.inputs[0]]);
  const negatedA = madeBy(builder, a, 'Neg');
  return negatedA && builder.add('Sub', [b, negatedA.inputs[0]]);
};

const sub: Rule = (builder, { inputs: [a, b], shape }) => {
  if (splatOf(builder, b) === 0) return broadcast(builder, a, shape);
  if (splatOf(builder, a) === 0) return broadcast(builder, builder.add('Neg', [b]), shape);
  const negated = madeBy(builder, b, 'Neg');
  return negated && builder.add('Add', [a, negated.inputs[0]]);
};

const multiply: Rule = (builder, node) => {
  const { inputs, shape, dtype } = node;
  if (inputs[0] === inputs[1]) return builder.add('Square', [inputs[0]]);
  const outer = scaled(builder, node);
  if (!outer) return undefined;
  if (outer.factor === 1) return broadcast(builder, outer.input, shape);
  if (outer.factor === -1) return broadcast(builder, builder.add('Neg', [outer.input]), shape);
  const inner = scaled(builder, builder.nodeOf(outer.input));
  return inner && broadcast(builder, builder.add('Multiply', [inner.input, builder.constant(inner.factor * outer.factor, dtype)]), shape);
};

const divide: Rule = (builder, { inputs: [a, b], shape, dtype }) => {
  const divisor = splatOf(builder, b);
  if (divisor === 1) return broadcast(builder, a, shape);
  if (divisor !== undefined && isPowerOfTwo(divisor))
    return builder.add('Multiply', [a, makeSplat(builder, 1 / divisor, { shape: [], dtype })]);
  return splatOf(builder, a) === 1 ? broadcast(builder, builder.add('Reciprocal', [b]), shape) : undefined;
};

const negate: Rule = (builder, { inputs: [input], dtype }) => {
  const node = builder.nodeOf(input);
  if (node.kernel === 'Neg') return node.inputs[0];
  if (node.kernel === 'Sub') return builder.add('Sub', [node.inputs[1], node.inputs[0]]);
  const product = scaled(builder, node);
  return product && broadcast(builder, builder.add('Multiply', [product.input, builder.constant(-product.factor, dtype)]), node.shape);
};

const POWERS: Readonly<Record<string, string | undefined>> = { '2': 'Square', '0.5': 'Sqrt', '-1': 'Reciprocal', '-0.5': 'Rsqrt' };

const power: Rule = (builder, { inputs: [base, exponent], shape, dtype }) => {
  const value = splatOf(builder, exponent);
  if (value === undefined) return undefined;
  if (value === 1) return broadcast(builder, base, shape);
  if (value === 0) return makeSplat(builder, 1, { shape, dtype });
  const kernel = POWERS[String(value)];
  return kernel === undefined ? undefined : broadcast(builder, builder.add(kernel, [base]), shape);
};

const select: Rule = (builder, { inputs: [condition, a, b], shape }) => {
  if (a === b) return broadcast(builder, a, shape);
  const known = splatOf(builder, condition);
  return known === undefined ? undefined : broadcast(builder, known ? a : b, shape);
};

const not: Rule = (builder, { inputs: [input] }) => madeBy(builder, input, 'LogicalNot')?.inputs[0];

const cast: Rule = (builder, { inputs: [input], dtype }) => (builder.dtypeOf(input) === dtype ? input : undefined);

/** Identities by kernel. */
export const arithmeticRules: Readonly<Record<string, Rule>> = {
  Add: add,
  Sub: sub,
  Multiply: multiply,
  RealDiv: divide,
  Neg: negate,
  Pow: power,
  Select: select,
  LogicalNot: not,
  Cast: cast,
};
