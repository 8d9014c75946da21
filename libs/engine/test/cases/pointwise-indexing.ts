/**
 * Cases of positions of extreme entries, and of reading and adding at positions that are given point by point; positions
 * repeat, so that adding is seen to add.
 */
import fc from 'fast-check';
import { axisOf, onShape, randomCase, shapeOf, size } from './arbitraries.ts';
import { float, positions, type CaseGenerator, type KernelCase } from './kernel-case.ts';

/** Cases of pointwise indexing. */
export const pointwiseIndexingCases: readonly KernelCase[] = [
  { kernel: 'ArgMin', title: 'of the first axis', inputs: [float([4, 3], { kind: 'distinct' })], attributes: { axis: 0 } },
  { kernel: 'ArgMin', title: 'of integers with ties', inputs: [{ shape: [3, 6], dtype: 'int32', below: 3 }], attributes: { axis: 1 } },
  { kernel: 'TopKIndices', title: 'of rows', inputs: [float([3, 6], { kind: 'distinct' })], attributes: { k: 3 } },
  { kernel: 'TopKIndices', title: 'of all entries', inputs: [float([5], { kind: 'distinct' })], attributes: { k: 5 } },
  { kernel: 'TopKIndices', title: 'of integers with ties', inputs: [{ shape: [3, 6], dtype: 'int32', below: 3 }], attributes: { k: 4 } },
  { kernel: 'TakeAlongAxis', title: 'of the last axis', inputs: [float([3, 5]), positions([3, 4], 5)], attributes: { axis: 1 } },
  { kernel: 'TakeAlongAxis', title: 'of a middle axis', inputs: [float([2, 3, 2]), positions([2, 5, 2], 3)], attributes: { axis: 1 } },
  { kernel: 'PutAlongAxis', title: 'of the last axis', inputs: [float([3, 6]), positions([3, 6], 4)], attributes: { axis: 1, size: 4 } },
  { kernel: 'PutAlongAxis', title: 'of the first axis', inputs: [float([5, 2]), positions([5, 2], 3)], attributes: { axis: 0, size: 3 } },
  { kernel: 'GatherNd', title: 'of single entries', inputs: [float([3, 3]), positions([2, 4, 2], 3)] },
  { kernel: 'GatherNd', title: 'of rows', inputs: [float([4, 3]), positions([5, 1], 4)] },
  { kernel: 'ScatterNd', title: 'of single entries', inputs: [float([2, 4]), positions([2, 4, 2], 3)], attributes: { shape: [3, 4] } },
  { kernel: 'ScatterNd', title: 'of rows', inputs: [float([5, 3]), positions([5, 1], 4)], attributes: { shape: [4, 3] } },
  {
    kernel: 'ScatterNd',
    title: 'of integers',
    inputs: [{ shape: [4], dtype: 'int32', below: 9 }, positions([4, 1], 3)],
    attributes: { shape: [5] },
  },
];

const takes: CaseGenerator = {
  kernel: 'TakeAlongAxis',
  cases: fc
    .tuple(shapeOf(1, 3), size)
    .chain(([shape, count]) =>
      axisOf(shape).map((axis) => randomCase('TakeAlongAxis', [float(shape), positions(shape.with(axis, count), shape[axis])], { axis })),
    ),
};

const puts: CaseGenerator = {
  kernel: 'PutAlongAxis',
  cases: fc
    .tuple(shapeOf(1, 3), size)
    .chain(([shape, n]) => axisOf(shape).map((axis) => randomCase('PutAlongAxis', [float(shape), positions(shape, n)], { axis, size: n }))),
};

/** Positions below `n` for `depth` axes of size n each, and what else the shape has. */
const points = fc.record({ n: size, depth: fc.integer({ min: 1, max: 2 }), inner: shapeOf(0, 2), listed: shapeOf(0, 2) });

const gathers: CaseGenerator = {
  kernel: 'GatherNd',
  cases: points.map(({ n, depth, inner, listed }) =>
    randomCase('GatherNd', [float([...Array.from({ length: depth }, () => n), ...inner]), positions([...listed, depth], n)]),
  ),
};

const scatters: CaseGenerator = {
  kernel: 'ScatterNd',
  cases: points.map(({ n, depth, inner, listed }) =>
    randomCase('ScatterNd', [float([...listed, ...inner]), positions([...listed, depth], n)], {
      shape: [...Array.from({ length: depth }, () => n), ...inner],
    }),
  ),
};

/** Random cases of pointwise indexing. */
export const pointwiseIndexingGenerators: readonly CaseGenerator[] = [
  onShape('ArgMin', [1, 3], { attributes: (shape) => fc.record({ axis: axisOf(shape) }), kind: 'distinct' }),
  onShape('TopKIndices', [1, 3], {
    attributes: (shape) => fc.record({ k: fc.integer({ min: 1, max: shape[shape.length - 1] }) }),
    kind: 'distinct',
  }),
  takes,
  puts,
  gathers,
  scatters,
];
