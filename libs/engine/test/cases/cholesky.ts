/**
 * Cases of Cholesky factors and triangular solves: single matrices, batches, both transposes.
 */
import fc from 'fast-check';
import { randomCase, shapeOf, size } from './arbitraries.ts';
import { float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

/** Cases of factors and solves. */
export const choleskyCases: readonly KernelCase[] = [
  { kernel: 'Cholesky', title: 'of a matrix', inputs: [float([5, 5], { kind: 'spd' })] },
  { kernel: 'Cholesky', title: 'of a batch', inputs: [float([2, 3, 3], { kind: 'spd' })] },
  { kernel: 'Cholesky', title: 'of one number', inputs: [float([1, 1], { kind: 'spd' })] },
  ...[false, true].flatMap((transpose): KernelCase[] => [
    {
      kernel: 'TriangularSolve',
      title: `of three right sides, transpose ${transpose}`,
      inputs: [float([4, 4], { kind: 'lower' }), float([4, 3])],
      attributes: { transpose },
    },
    {
      kernel: 'TriangularSolve',
      title: `of a batch, transpose ${transpose}`,
      inputs: [float([2, 3, 3], { kind: 'lower' }), float([2, 3, 1])],
      attributes: { transpose },
    },
  ]),
];

/** Random cases of factors and solves. */
export const choleskyGenerators: readonly CaseGenerator[] = [
  {
    kernel: 'Cholesky',
    cases: fc
      .tuple(shapeOf(0, 2), fc.integer({ min: 1, max: 5 }))
      .map(([batch, n]) => randomCase('Cholesky', [float([...batch, n, n], { kind: 'spd' })])),
  },
  {
    kernel: 'TriangularSolve',
    cases: fc
      .record({ batch: shapeOf(0, 2), n: size, k: size, transpose: fc.boolean() })
      .map(({ batch, n, k, transpose }) =>
        randomCase('TriangularSolve', [float([...batch, n, n], { kind: 'lower' }), float([...batch, n, k])], { transpose }),
      ),
  },
];
