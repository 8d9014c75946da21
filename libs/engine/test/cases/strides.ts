/**
 * Cases of strided reading and writing, forwards and backwards, with and without a rest at the end.
 */
import type { Shape } from '@geodesic/tensor';
import fc from 'fast-check';
import { onShape, randomCase } from './arbitraries.ts';
import { float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

/** Cases of strides. */
export const strideCases: readonly KernelCase[] = [
  { kernel: 'Stride', title: 'of every second row', inputs: [float([5, 3])], attributes: { begin: [0, 0], size: [3, 3], strides: [2, 1] } },
  {
    kernel: 'Stride',
    title: 'forwards and backwards',
    inputs: [float([6, 5])],
    attributes: { begin: [1, 4], size: [2, 3], strides: [3, -2] },
  },
  {
    kernel: 'Dilate',
    title: 'between every second row',
    inputs: [float([3, 2])],
    attributes: { begin: [1, 0], strides: [2, 1], shape: [7, 2] },
  },
  { kernel: 'Dilate', title: 'backwards', inputs: [float([2, 3])], attributes: { begin: [4, 5], strides: [-3, -2], shape: [5, 6] } },
  { kernel: 'Dilate', title: 'to the last entry', inputs: [float([3])], attributes: { begin: [0], strides: [3], shape: [7] } },
  { kernel: 'Reverse', title: 'of two axes', inputs: [float([2, 3, 4])], attributes: { axes: [0, 2] } },
  { kernel: 'Reverse', title: 'of no axis', inputs: [float([2, 3])], attributes: { axes: [] } },
];

/** A strided range that fits into n positions. */
function rangeWithin(n: number): fc.Arbitrary<{ readonly begin: number; readonly size: number; readonly stride: number }> {
  return fc
    .record({ at: fc.integer({ min: 0, max: n - 1 }), step: fc.integer({ min: 1, max: 3 }), back: fc.boolean() })
    .chain(({ at, step, back }) =>
      fc
        .integer({ min: 1, max: 1 + Math.floor((back ? at : n - 1 - at) / step) })
        .map((size) => ({ begin: at, size, stride: back ? -step : step })),
    );
}

const walks = (full: Shape): fc.Arbitrary<{ begin: number[]; size: number[]; strides: number[] }> =>
  fc.tuple(...full.map((n) => rangeWithin(n))).map((ranges) => ({
    begin: ranges.map(({ begin }) => begin),
    size: ranges.map(({ size }) => size),
    strides: ranges.map(({ stride }) => stride),
  }));

const fullShape = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 });

/** Random cases of strides. */
export const strideGenerators: readonly CaseGenerator[] = [
  {
    kernel: 'Stride',
    cases: fullShape.chain((full) => walks(full).map((walk) => randomCase('Stride', [float(full)], walk))),
  },
  {
    kernel: 'Dilate',
    cases: fullShape.chain((shape) =>
      walks(shape).map(({ begin, size, strides }) => randomCase('Dilate', [float(size)], { begin, strides, shape })),
    ),
  },
  onShape('Reverse', [1, 3], { attributes: (shape) => fc.record({ axes: fc.subarray(shape.map((_, axis) => axis)) }) }),
];
