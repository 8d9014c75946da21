/**
 * Cases of the kernels that move values without computing.
 */
import { sizeOf } from '@geodesic/tensor';
import fc from 'fast-check';
import type { Attributes } from '@geodesic/engine';
import { axisOf, onShape, randomCase, shapeOf, size } from './arbitraries.ts';
import { flags, float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

/** Cases of the layout kernels. */
export const layoutCases: readonly KernelCase[] = [
  { kernel: 'Cast', title: 'to float32', inputs: [float([2, 3])], attributes: { dtype: 'float32' } },
  { kernel: 'Cast', title: 'to int32', inputs: [float([2, 3])], attributes: { dtype: 'int32' } },
  { kernel: 'Cast', title: 'to bool', inputs: [float([2, 3])], attributes: { dtype: 'bool' } },
  { kernel: 'Cast', title: 'of flags to float32', inputs: [flags([2, 3])], attributes: { dtype: 'float32' } },
  { kernel: 'Reshape', title: 'of a cube to a matrix', inputs: [float([2, 3, 2])], attributes: { shape: [4, 3] } },
  { kernel: 'BroadcastTo', title: 'of a row to a batch of matrices', inputs: [float([1, 3])], attributes: { shape: [2, 4, 3] } },
  { kernel: 'Transpose', title: 'of a cube', inputs: [float([2, 3, 4])], attributes: { perm: [2, 0, 1] } },
  { kernel: 'Slice', title: 'inside a cube', inputs: [float([3, 4, 2])], attributes: { begin: [1, 0, 1], size: [2, 3, 1] } },
  { kernel: 'Concat', title: 'of three along axis 1', inputs: [float([2, 1]), float([2, 3]), float([2, 2])], attributes: { axis: 1 } },
  {
    kernel: 'PadV2',
    title: 'by ones',
    inputs: [float([2, 3])],
    attributes: {
      paddings: [
        [1, 0],
        [2, 1],
      ],
      value: 1,
    },
  },
];

const transposes: CaseGenerator = onShape('Transpose', [0, 4], {
  attributes: (shape) =>
    fc.array(fc.nat(), { minLength: shape.length, maxLength: shape.length }).map((keys) => ({
      perm: shape.map((_, axis) => axis).sort((a, b) => keys[a] - keys[b] || a - b),
    })),
});

const slices: CaseGenerator = onShape('Slice', [1, 3], {
  attributes: (shape) =>
    fc
      .tuple(...shape.map((n) => axisRange(n)))
      .map((ranges) => ({ begin: ranges.map(([begin]) => begin), size: ranges.map(([, length]) => length) })),
});

function axisRange(n: number): fc.Arbitrary<[begin: number, length: number]> {
  return fc.integer({ min: 0, max: n - 1 }).chain((begin) => fc.tuple(fc.constant(begin), fc.integer({ min: 1, max: n - begin })));
}

const concats: CaseGenerator = {
  kernel: 'Concat',
  cases: shapeOf(1, 3).chain((shape) =>
    fc.tuple(axisOf(shape), fc.array(size, { minLength: 2, maxLength: 3 })).map(([axis, sizes]) =>
      randomCase(
        'Concat',
        sizes.map((n) => float(shape.with(axis, n))),
        { axis },
      ),
    ),
  ),
};

/** Random cases of the layout kernels. */
export const layoutGenerators: readonly CaseGenerator[] = [
  onShape('Cast', [0, 3], { attributes: () => fc.constantFrom<Attributes>({ dtype: 'float32' }, { dtype: 'int32' }, { dtype: 'bool' }) }),
  onShape('Reshape', [0, 3], {
    attributes: (shape) => fc.constantFrom<Attributes>({ shape: [sizeOf(shape)] }, { shape: [1, ...shape].reverse() }),
  }),
  onShape('BroadcastTo', [0, 2], { attributes: (shape) => fc.tuple(size, size).map((lead) => ({ shape: [...lead, ...shape] })) }),
  transposes,
  slices,
  concats,
  onShape('PadV2', [1, 3], {
    attributes: (shape) =>
      fc.tuple(...shape.map(() => fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })))).map((paddings) => ({ paddings, value: 0.25 })),
  }),
];
