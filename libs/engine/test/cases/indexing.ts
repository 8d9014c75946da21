/**
 * Cases of reading and adding at integer positions; positions repeat, so that adding is seen to add.
 */
import fc from 'fast-check';
import { axisOf, randomCase, shapeOf, size } from './arbitraries.ts';
import { float, positions, type CaseGenerator, type KernelCase } from './kernel-case.ts';

/** Cases of the indexing kernels. */
export const indexingCases: readonly KernelCase[] = [
  { kernel: 'GatherV2', title: 'of rows by a matrix', inputs: [float([3, 2]), positions([2, 4], 3)], attributes: { axis: 0 } },
  { kernel: 'GatherV2', title: 'of a middle axis by a scalar', inputs: [float([2, 3, 2]), positions([], 3)], attributes: { axis: 1 } },
  { kernel: 'ScatterAdd', title: 'of rows', inputs: [float([5, 2]), positions([5], 3)], attributes: { axis: 0, size: 3 } },
  { kernel: 'ScatterAdd', title: 'of a middle axis', inputs: [float([2, 4, 3]), positions([4], 2)], attributes: { axis: 1, size: 2 } },
  { kernel: 'OneHot', title: 'of a vector, one position beyond', inputs: [positions([5], 5)], attributes: { depth: 4 } },
];

const gathers: CaseGenerator = {
  kernel: 'GatherV2',
  cases: fc
    .tuple(shapeOf(1, 3), shapeOf(0, 2))
    .chain(([shape, indices]) =>
      axisOf(shape).map((axis) => randomCase('GatherV2', [float(shape), positions(indices, shape[axis])], { axis })),
    ),
};

const scatters: CaseGenerator = {
  kernel: 'ScatterAdd',
  cases: fc
    .tuple(shapeOf(0, 1), shapeOf(1, 2), shapeOf(0, 1), size)
    .map(([outer, indices, inner, n]) =>
      randomCase('ScatterAdd', [float([...outer, ...indices, ...inner]), positions(indices, n)], { axis: outer.length, size: n }),
    ),
};

const oneHots: CaseGenerator = {
  kernel: 'OneHot',
  cases: fc.tuple(shapeOf(0, 2), size).map(([shape, depth]) => randomCase('OneHot', [positions(shape, depth + 1)], { depth })),
};

/** Random cases of the indexing kernels. */
export const indexingGenerators: readonly CaseGenerator[] = [gathers, scatters, oneHots];
