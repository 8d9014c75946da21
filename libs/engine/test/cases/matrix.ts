/**
 * Cases of matrix products, of the inverse and log-determinant of SPD matrices, and of the markers.
 */
import fc from 'fast-check';
import { broadcastable, onShape, randomCase, shapeOf, size } from './arbitraries.ts';
import { float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

const flag = [false, true];

/** Cases of matrix kernels and markers. */
export const matrixCases: readonly KernelCase[] = [
  ...flag.flatMap((transposeA) =>
    flag.map((transposeB): KernelCase => ({
      kernel: 'BatchMatMul',
      title: `of matrices, transposeA ${transposeA}, transposeB ${transposeB}`,
      inputs: [float(transposeA ? [4, 3] : [3, 4]), float(transposeB ? [2, 4] : [4, 2])],
      attributes: { transposeA, transposeB },
    })),
  ),
  {
    kernel: 'BatchMatMul',
    title: 'of a broadcast batch',
    inputs: [float([2, 1, 3, 4]), float([3, 4, 2])],
    attributes: { transposeA: false, transposeB: false },
  },
  ...['SpdInverse', 'LogDet'].map((kernel): KernelCase => ({ kernel, title: 'of a batch', inputs: [float([2, 4, 4], { kind: 'spd' })] })),
  { kernel: 'Tap', title: 'of a vector', inputs: [float([3])], attributes: { layer: 'stem', role: 'input' } },
  { kernel: 'StopGradient', title: 'of a vector', inputs: [float([3])], smooth: false },
];

const products: CaseGenerator = {
  kernel: 'BatchMatMul',
  cases: fc
    .record({ m: size, k: size, n: size, batch: shapeOf(0, 2), transposeA: fc.boolean(), transposeB: fc.boolean() })
    .chain(({ m, k, n, batch, transposeA, transposeB }) =>
      fc.tuple(broadcastable(batch), fc.boolean()).map(([other, swap]) => {
        const a = float([...(swap ? other : batch), ...(transposeA ? [k, m] : [m, k])]);
        const b = float([...(swap ? batch : other), ...(transposeB ? [n, k] : [k, n])]);
        return randomCase('BatchMatMul', [a, b], { transposeA, transposeB });
      }),
    ),
};

const spd = (kernel: string): CaseGenerator => ({
  kernel,
  cases: fc
    .tuple(shapeOf(0, 2), fc.integer({ min: 1, max: 5 }))
    .map(([batch, n]) => randomCase(kernel, [float([...batch, n, n], { kind: 'spd' })])),
});

/** Random cases of matrix kernels and markers. */
export const matrixGenerators: readonly CaseGenerator[] = [
  products,
  spd('SpdInverse'),
  spd('LogDet'),
  onShape('Tap', [0, 3], { attributes: () => fc.constant({ layer: 'stem', role: 'input' }) }),
];
