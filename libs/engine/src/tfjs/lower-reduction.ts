/**
 * Reductions, running sums, products and positions of extrema, on tfjs.
 */
import type { Lowering, LoweringTable, PlanWriter, Site } from './plan-writer.ts';

/** tfjs calls the axes of its two extrema by different names. */
const AXES = { Max: 'reductionIndices', Min: 'axis' } as const;

function extremum(kernel: 'Max' | 'Min'): Lowering {
  return ({ writer, node: { shape, dtype, attributes }, inputs: [x] }) => {
    const { axes, keepDims } = attributes as { axes: readonly number[]; keepDims: boolean };
    return axes.length === 0 ? x : writer.call(kernel, { x }, { shape, dtype, attributes: { [AXES[kernel]]: axes, keepDims } });
  };
}

function extremePosition(kernel: 'ArgMax' | 'ArgMin'): Lowering {
  return ({ writer, node: { shape, dtype, attributes }, inputs: [x] }) =>
    writer.call(kernel, { x: ordered(writer, x) }, { shape, dtype, attributes: { axis: attributes.axis } });
}

/** Bools as integers, which have an order everywhere. */
function ordered(writer: PlanWriter, x: number): number {
  return writer.typeOf(x).dtype === 'bool' ? writer.cast(x, 'int32') : x;
}

/** x - max - log sum exp(x - max), over the last axis. */
function logSoftmax({ writer, node: { shape, dtype }, inputs: [x] }: Site): number {
  const axis = shape.length - 1;
  const row = { shape: shape.with(axis, 1), dtype };
  const top = writer.call('Max', { x }, { ...row, attributes: { reductionIndices: [axis], keepDims: true } });
  const shifted = writer.binary('Sub', x, top);
  const total = writer.sum(writer.unary('Exp', shifted), [axis], { keepDims: true });
  return writer.binary('Sub', shifted, writer.unary('Log', total));
}

/** Lowerings of reductions, products and positions of extrema. */
export const reductionLowerings: LoweringTable = {
  Sum: ({ writer, node: { attributes }, inputs: [x] }) =>
    writer.sum(x, attributes.axes as readonly number[], { keepDims: attributes.keepDims as boolean }),
  Max: extremum('Max'),
  Min: extremum('Min'),
  Cumsum: ({ writer, node: { shape, dtype, attributes }, inputs: [x] }) => writer.call('Cumsum', { x }, { shape, dtype, attributes }),
  LogSoftmax: logSoftmax,
  BatchMatMul: ({ writer, node, inputs: [a, b] }) => writer.matMul(a, b, node.attributes),
  ArgMax: extremePosition('ArgMax'),
  ArgMin: extremePosition('ArgMin'),
  TopKIndices: ({ writer, node: { shape, dtype, attributes }, inputs: [x] }) =>
    writer.call('TopK', { x }, { shape, dtype, attributes: { k: attributes.k, sorted: true }, output: 1 }),
};
