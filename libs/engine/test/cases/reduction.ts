/**
 * Cases of reductions, running sums and log-softmax.
 */
import type { Shape } from '@geodesic/tensor';
import fc from 'fast-check';
import type { Attributes } from '@geodesic/engine';
import { axisOf, onShape } from './arbitraries.ts';
import { float, type CaseGenerator, type CaseInput, type KernelCase } from './kernel-case.ts';

const integers: CaseInput = { shape: [2, 3], dtype: 'int32', range: [-5, 5] };

/** Cases of the reduction kernels. */
export const reductionCases: readonly KernelCase[] = [
  { kernel: 'Sum', title: 'of a middle axis', inputs: [float([2, 3, 4])], attributes: { axes: [1], keepDims: false } },
  { kernel: 'Sum', title: 'of two axes, kept', inputs: [float([2, 3, 4])], attributes: { axes: [0, 2], keepDims: true } },
  { kernel: 'Sum', title: 'of integers', inputs: [integers], attributes: { axes: [1], keepDims: false } },
  ...['Max', 'Min'].flatMap((kernel): KernelCase[] => [
    { kernel, title: 'of the last axis', inputs: [float([3, 5], { kind: 'distinct' })], attributes: { axes: [1], keepDims: false } },
    { kernel, title: 'of two axes, kept', inputs: [float([2, 3, 4], { kind: 'distinct' })], attributes: { axes: [0, 2], keepDims: true } },
    { kernel, title: 'of integers', inputs: [integers], attributes: { axes: [0], keepDims: false } },
  ]),
  { kernel: 'ArgMax', title: 'of the first axis', inputs: [float([4, 3], { kind: 'distinct' })], attributes: { axis: 0 } },
  { kernel: 'Cumsum', title: 'of the first axis', inputs: [float([4, 2])], attributes: { axis: 0, exclusive: false, reverse: false } },
  { kernel: 'Cumsum', title: 'exclusive, from the end', inputs: [float([2, 4])], attributes: { axis: 1, exclusive: true, reverse: true } },
  { kernel: 'LogSoftmax', title: 'of rows', inputs: [float([3, 5])] },
  { kernel: 'LogSoftmax', title: 'of spread logits', inputs: [float([2, 4], { range: [-9, 9] })] },
];

const axes = (shape: Shape): fc.Arbitrary<Attributes> =>
  fc.record({
    axes: fc.subarray(
      shape.map((_, axis) => axis),
      { minLength: 1 },
    ),
    keepDims: fc.boolean(),
  });

/** Random cases of the reduction kernels. */
export const reductionGenerators: readonly CaseGenerator[] = [
  onShape('Sum', [1, 4], { attributes: axes }),
  ...['Max', 'Min'].map((kernel) => onShape(kernel, [1, 4], { attributes: axes, kind: 'distinct' })),
  onShape('ArgMax', [1, 3], { attributes: (shape) => fc.record({ axis: axisOf(shape) }), kind: 'distinct' }),
  onShape('Cumsum', [1, 3], {
    attributes: (shape) => fc.record({ axis: axisOf(shape), exclusive: fc.boolean(), reverse: fc.boolean() }),
  }),
  onShape('LogSoftmax', [1, 3]),
];
