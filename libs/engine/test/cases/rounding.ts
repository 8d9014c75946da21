/**
 * Cases of rounding, remainders and tests of numbers; quotients of float cases stay away from whole numbers, where the
 * remainder jumps.
 */
import { elementwise } from './arbitraries.ts';
import { float, type CaseGenerator, type CaseInput, type KernelCase } from './kernel-case.ts';

const UNARY = ['Ceil', 'Round', 'IsNan', 'IsInf', 'IsFinite'];
const BINARY = ['Mod', 'FloorDiv'];

const integers: CaseInput = { shape: [3, 4], dtype: 'int32', range: [-9, 9] };

/** Cases of rounding. */
export const roundingCases: readonly KernelCase[] = [
  ...UNARY.map((kernel): KernelCase => ({ kernel, title: 'of a matrix', inputs: [float([3, 4])] })),
  ...BINARY.flatMap((kernel): KernelCase[] => [
    { kernel, title: 'of positive values', inputs: [float([3, 1], { range: [3.1, 3.9] }), float([4], { range: [0.98, 1.02] })] },
    { kernel, title: 'of a negative dividend', inputs: [float([3], { range: [-3.8, -3.2] }), float([2, 3], { range: [0.98, 1.02] })] },
    { kernel, title: 'of a negative divisor', inputs: [float([3], { range: [3.2, 3.8] }), float([], { range: [-1.02, -0.98] })] },
    { kernel, title: 'of integers by a positive row', inputs: [integers, { shape: [4], dtype: 'int32', range: [1, 5] }] },
    { kernel, title: 'of integers by a negative row', inputs: [integers, { shape: [4], dtype: 'int32', range: [-5, -1] }] },
  ]),
];

/** Random cases of rounding. */
export const roundingGenerators: readonly CaseGenerator[] = [
  ...UNARY.map((kernel) => elementwise(kernel, { dtype: 'float32' })),
  ...BINARY.map((kernel) => elementwise(kernel, { dtype: 'float32', range: [2.2, 2.8] }, { dtype: 'float32', range: [0.97, 1.03] })),
];
