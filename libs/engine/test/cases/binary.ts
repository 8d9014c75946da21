/**
 * Cases of the elementwise kernels of two values, and of Select: equal shapes, and every way of broadcasting.
 */
import { elementwise } from './arbitraries.ts';
import { flags, float, type CaseGenerator, type CaseInput, type KernelCase } from './kernel-case.ts';

const REAL = 'Add Sub Multiply Maximum Minimum Greater GreaterEqual Less LessEqual Equal NotEqual'.split(' ');
const LOGICAL = ['LogicalAnd', 'LogicalOr'];
const INTEGER = 'Add Sub Multiply Maximum Minimum Greater GreaterEqual Less LessEqual Equal NotEqual'.split(' ');

const integers: CaseInput = { shape: [2, 3], dtype: 'int32', range: [-3, 3] };
const positive = { range: [0.3, 2.3] } as const;

/** Cases of the binary kernels. */
export const binaryCases: readonly KernelCase[] = [
  ...REAL.flatMap((kernel): KernelCase[] => [
    { kernel, title: 'of equal shapes', inputs: [float([3, 4]), float([3, 4])] },
    { kernel, title: 'of a column and a row', inputs: [float([2, 3, 1]), float([4])] },
  ]),
  ...INTEGER.map((kernel): KernelCase => ({ kernel, title: 'of integers', inputs: [integers, { ...integers, shape: [3] }] })),
  ...LOGICAL.map((kernel): KernelCase => ({ kernel, title: 'with a broadcast row', inputs: [flags([3, 4]), flags([4])] })),
  { kernel: 'RealDiv', title: 'of a column by a row', inputs: [float([3, 1]), float([4], positive)] },
  { kernel: 'RealDiv', title: 'by negative values', inputs: [float([3]), float([2, 3], { range: [-2, -0.5] })] },
  { kernel: 'Pow', title: 'of a column and a row', inputs: [float([3, 1], positive), float([4])] },
  { kernel: 'Pow', title: 'with a scalar exponent', inputs: [float([4], positive), float([], { range: [1.5, 3] })] },
  { kernel: 'Select', title: 'of equal shapes', inputs: [flags([3, 4]), float([3, 4]), float([3, 4])] },
  { kernel: 'Select', title: 'by a column of a row and a scalar', inputs: [flags([3, 1]), float([4]), float([])] },
  { kernel: 'Select', title: 'of integers', inputs: [flags([2, 3]), integers, integers] },
];

/** Random cases of the binary kernels. */
export const binaryGenerators: readonly CaseGenerator[] = [
  ...REAL.map((kernel) => elementwise(kernel, { dtype: 'float32' }, { dtype: 'float32' })),
  ...LOGICAL.map((kernel) => elementwise(kernel, { dtype: 'bool' }, { dtype: 'bool' })),
  elementwise('RealDiv', { dtype: 'float32' }, { dtype: 'float32', ...positive }),
  elementwise('Pow', { dtype: 'float32', ...positive }, { dtype: 'float32' }),
  elementwise('Select', { dtype: 'bool' }, { dtype: 'float32' }, { dtype: 'float32' }),
];
