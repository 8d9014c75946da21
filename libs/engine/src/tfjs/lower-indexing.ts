/**
 * Reading and adding at integer positions, on tfjs. Everything that adds is ScatterNd, which every backend has, and which adds up
 * what falls on one place.
 */
import { sizeOf, stridesOf, type Shape } from '@geodesic/tensor';
import { offsets } from '../kernels/offsets.ts';
import type { Lowering, LoweringTable, Site } from './plan-writer.ts';

const gather: Lowering = ({ writer, node, inputs: [x, indices] }) => {
  const list = writer.reshape(indices, [sizeOf(writer.shapeOf(indices))]);
  return writer.reshape(writer.gather(x, list, node.attributes.axis as number), node.shape);
};

/** The indexed axes first, everything else behind them. */
const scatterAdd: Lowering = ({ writer, node, inputs: [updates, indices] }) => {
  const { axis, size } = node.attributes as { axis: number; size: number };
  const from = writer.shapeOf(updates);
  const count = sizeOf(writer.shapeOf(indices));
  const [before, after] = [sizeOf(from.slice(0, axis)), sizeOf(node.shape.slice(axis + 1))];
  const rows = writer.reshape(writer.transpose(writer.reshape(updates, [before, count, after]), [1, 0, 2]), [count, before * after]);
  const added = writer.scatter(writer.reshape(indices, [count, 1]), rows, [size, before * after]);
  return writer.reshape(writer.transpose(writer.reshape(added, [size, before, after]), [1, 0, 2]), node.shape);
};

/** Of integers first: some backends make nothing else. */
const oneHot: Lowering = ({ writer, node: { shape, dtype, attributes }, inputs: [indices] }) => {
  const given = { depth: attributes.depth, onValue: 1, offValue: 0, dtype: 'int32' };
  return writer.cast(writer.call('OneHot', { indices }, { shape, dtype: 'int32', attributes: given }), dtype);
};

/** Flat places [N] in a tensor of shape `full` of the positions that are given along an axis. */
function places({ writer, inputs: [, indices] }: Site, full: Shape, axis: number): number {
  const shape = writer.shapeOf(indices);
  const steps = stridesOf(full);
  const starts = offsets(shape, steps.with(axis, 0));
  const scaled = writer.binary('Multiply', writer.reshape(indices, [starts.length]), writer.scalar('int32', steps[axis]));
  return writer.binary('Add', scaled, writer.constant('int32', [starts.length], starts));
}

const takeAlongAxis: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const full = writer.shapeOf(inputs[0]);
  const at = places(site, full, node.attributes.axis as number);
  return writer.reshape(writer.gather(writer.reshape(inputs[0], [sizeOf(full)]), at, 0), node.shape);
};

const putAlongAxis: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const at = places(site, node.shape, node.attributes.axis as number);
  const count = writer.shapeOf(at)[0];
  const added = writer.scatter(writer.reshape(at, [count, 1]), writer.reshape(inputs[0], [count]), [sizeOf(node.shape)]);
  return writer.reshape(added, node.shape);
};

/** Indices [.., K] as a list of points [N, K]. */
function points({ writer, inputs: [, indices] }: Site): number {
  const shape = writer.shapeOf(indices);
  return writer.reshape(indices, [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]]);
}

const gatherNd: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const indices = points(site);
  const { shape: from, dtype } = writer.typeOf(inputs[0]);
  const [count, depth] = writer.shapeOf(indices);
  const shape = [count, ...from.slice(depth)];
  return writer.reshape(writer.call('GatherNd', { params: inputs[0], indices }, { shape, dtype }), node.shape);
};

const scatterNd: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const indices = points(site);
  const [count, depth] = writer.shapeOf(indices);
  return writer.scatter(indices, writer.reshape(inputs[0], [count, ...node.shape.slice(depth)]), node.shape);
};

/** Lowerings of reading and adding at integer positions. */
export const indexingLowerings: LoweringTable = {
  GatherV2: gather,
  ScatterAdd: scatterAdd,
  OneHot: oneHot,
  TakeAlongAxis: takeAlongAxis,
  PutAlongAxis: putAlongAxis,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
};
