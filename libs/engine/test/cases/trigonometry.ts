/**
 * Cases of circular and hyperbolic functions, each within its domain.
 */
import { elementwise } from './arbitraries.ts';
import { float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

/** Where each function of one value is smooth. */
const DOMAINS: Readonly<Record<string, readonly [number, number]>> = {
  Tan: [-1.3, 1.3],
  Asin: [-0.95, 0.95],
  Acos: [-0.95, 0.95],
  Atan: [-6, 6],
  Sinh: [-3, 3],
  Cosh: [-3, 3],
  Asinh: [-6, 6],
  Acosh: [1.1, 8],
  Atanh: [-0.95, 0.95],
};

const right = [0.2, 2] as const;
const left = [-2, -0.2] as const;

/** Cases of trigonometry. */
export const trigonometryCases: readonly KernelCase[] = [
  ...Object.entries(DOMAINS).map(([kernel, range]): KernelCase => ({ kernel, title: 'of a matrix', inputs: [float([3, 4], { range })] })),
  { kernel: 'Tan', title: 'beyond a period', inputs: [float([6], { range: [5, 7.5] })] },
  ...['Atan', 'Sinh', 'Asinh', 'Atanh'].map((kernel): KernelCase => ({
    kernel,
    title: 'near zero',
    inputs: [float([6], { range: [-1e-3, 1e-3] })],
  })),
  { kernel: 'Atan2', title: 'in the right half plane, of a column and a row', inputs: [float([3, 1]), float([4], { range: right })] },
  { kernel: 'Atan2', title: 'in the left upper quadrant', inputs: [float([2, 3], { range: right }), float([2, 3], { range: left })] },
  { kernel: 'Atan2', title: 'in the left lower quadrant', inputs: [float([2, 3], { range: left }), float([3], { range: left })] },
];

/** Random cases of trigonometry. */
export const trigonometryGenerators: readonly CaseGenerator[] = [
  ...Object.entries(DOMAINS).map(([kernel, range]) => elementwise(kernel, { dtype: 'float32', range })),
  elementwise('Atan2', { dtype: 'float32' }, { dtype: 'float32', range: right }),
];
