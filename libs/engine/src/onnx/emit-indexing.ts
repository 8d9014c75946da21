/**
 * Strided blocks, positions of extreme entries, and pointwise indexing in ONNX. Scattering goes through ScatterElements, which adds
 * repeated positions in order, as does what add-rows.ts chooses.
 */
import { sizeOf, stridesOf } from '@geodesic/tensor';
import { addRows } from './add-rows.ts';
import type { Emission, EmissionTable, Site } from './emission.ts';
import { extremePosition, topPositions } from './positions.ts';
import { ELEMENT } from './proto.ts';

const list = (site: Site, name: string): readonly number[] => site.node.attributes[name] as readonly number[];

/** A slice with steps; `ends` are exclusive, and what lies before the first entry is named by a number below -size. */
function steppedSlice(
  site: Site,
  input: string,
  options: { begin: readonly number[]; size: readonly number[]; steps: readonly number[] },
): string {
  const { begin, size, steps } = options;
  const { writer } = site;
  const ends = begin.map((from, axis) => {
    const end = from + size[axis] * steps[axis];
    return end < 0 ? -(2 ** 31) : end;
  });
  const axes = begin.map((_, axis) => axis);
  if (axes.length === 0) return input;
  return writer.op('Slice', [input, writer.integers(begin), writer.integers(ends), writer.integers(axes), writer.integers(steps)]);
}

const stride: Emission = (site) =>
  steppedSlice(site, site.inputs[0], { begin: list(site, 'begin'), size: list(site, 'size'), steps: list(site, 'strides') });

const reverse: Emission = (site) => {
  const { shape } = site.node;
  const axes = list(site, 'axes');
  if (axes.length === 0) return site.inputs[0];
  const begin = shape.map((n, axis) => (axes.includes(axis) ? n - 1 : 0));
  return steppedSlice(site, site.inputs[0], { begin, size: shape, steps: shape.map((_, axis) => (axes.includes(axis) ? -1 : 1)) });
};

/**
 * Zeros between entries: [n] as [n, 1], padded to [n, stride], is [n stride]; a slice cuts what reaches beyond the end, and a
 * last padding brings it to its place. A backward axis is reversed first.
 */
const dilate: Emission = (site) => {
  const { writer, node, inputTypes } = site;
  const [begin, strides, size] = [list(site, 'begin'), list(site, 'strides'), inputTypes[0].shape];
  if (size.length === 0) return site.inputs[0];
  const steps = strides.map((step) => (step < 0 ? -1 : 1));
  const forward = steps.includes(-1)
    ? steppedSlice(site, site.inputs[0], { begin: size.map((n, axis) => (steps[axis] < 0 ? n - 1 : 0)), size, steps })
    : site.inputs[0];
  const gaps = strides.map(Math.abs);
  const first = begin.map((from, axis) => (strides[axis] < 0 ? from + (size[axis] - 1) * strides[axis] : from));
  const zero = writer.scalar(node.dtype, 0);
  const pad = (value: string, before: readonly number[], after: readonly number[]): string =>
    [...before, ...after].every((n) => n === 0) ? value : writer.op('Pad', [value, writer.integers([...before, ...after]), zero]);
  const apart = writer.op('Reshape', [forward, writer.integers(size.flatMap((n) => [n, 1]))]);
  const spread = pad(
    apart,
    size.flatMap(() => [0, 0]),
    gaps.flatMap((gap) => [0, gap - 1]),
  );
  const joined = writer.op('Reshape', [spread, writer.integers(size.map((n, axis) => n * gaps[axis]))]);
  const reach = size.map((n, axis) => Math.min(n * gaps[axis], node.shape[axis] - first[axis]));
  const cut = reach.every((n, axis) => n === size[axis] * gaps[axis])
    ? joined
    : steppedSlice(site, joined, { begin: reach.map(() => 0), size: reach, steps: reach.map(() => 1) });
  return pad(
    cut,
    first,
    node.shape.map((n, axis) => n - first[axis] - reach[axis]),
  );
};

const takeAlongAxis: Emission = ({ writer, inputs, node }) => writer.op('GatherElements', inputs, { axis: node.attributes.axis as number });

const zeros = ({ writer, node }: Site, shape: readonly number[]): string =>
  writer.op('Expand', [writer.scalar(node.dtype, 0), writer.integers(shape)]);

const putAlongAxis: Emission = (site) => {
  const { writer, inputs, node } = site;
  const [updates, indices] = inputs;
  return writer.op('ScatterElements', [zeros(site, node.shape), indices, updates], {
    axis: node.attributes.axis as number,
    reduction: { text: 'add' },
  });
};

const gatherNd: Emission = ({ writer, inputs }) =>
  writer.op('GatherND', [inputs[0], writer.op('Cast', [inputs[1]], { to: ELEMENT.int64 })]);

/** Coordinates become row numbers of [places, inner]. */
const scatterNd: Emission = (site) => {
  const { writer, inputs, inputTypes, node } = site;
  const depth = inputTypes[1].shape[inputTypes[1].shape.length - 1];
  const places = node.shape.slice(0, depth);
  const inner = sizeOf(node.shape.slice(depth));
  const count = sizeOf(inputTypes[1].shape) / depth;
  const weighted = writer.op('Mul', [
    writer.op('Reshape', [inputs[1], writer.integers([count, depth])]),
    writer.constant('int32', [1, depth], stridesOf(places)),
  ]);
  const rows = writer.op('ReduceSum', [weighted, writer.integers([1])], { keepdims: 1 });
  const updates = writer.op('Reshape', [inputs[0], writer.integers([count, inner])]);
  const sums = addRows(site, { updates, places: rows, count, size: sizeOf(places), inner });
  return writer.op('Reshape', [sums, writer.integers(node.shape)]);
};

/** Emissions of strides, order and pointwise indexing. */
export const indexingEmissions: EmissionTable = {
  Stride: stride,
  Dilate: dilate,
  Reverse: reverse,
  ArgMin: (site) => extremePosition(site, 'ArgMin'),
  TopKIndices: topPositions,
  TakeAlongAxis: takeAlongAxis,
  PutAlongAxis: putAlongAxis,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
};
