/**
 * Cases of the elementwise kernels of one value. Ranges keep away from poles, branch points and kinks.
 */
import { elementwise } from './arbitraries.ts';
import { flags, float, type CaseGenerator, type KernelCase } from './kernel-case.ts';

const REAL = 'Neg Exp Expm1 Tanh Sigmoid Softplus Relu Square Abs Sign Sin Cos Erf Gelu Floor'.split(' ');
const POSITIVE = 'Log Log1p Sqrt Rsqrt Reciprocal'.split(' ');

/** Cases of the unary kernels. */
export const unaryCases: readonly KernelCase[] = [
  ...REAL.map((kernel): KernelCase => ({ kernel, title: 'of a matrix', inputs: [float([3, 4])] })),
  ...POSITIVE.map((kernel): KernelCase => ({ kernel, title: 'of a matrix', inputs: [float([3, 4], { range: [0.3, 2.3] })] })),
  ...['Neg', 'Abs', 'Sign', 'Square'].map((kernel): KernelCase => ({
    kernel,
    title: 'of integers',
    inputs: [{ shape: [2, 3], dtype: 'int32', range: [-5, 5] }],
  })),
  { kernel: 'Tanh', title: 'far from zero', inputs: [float([5], { range: [3, 5] })] },
  { kernel: 'Reciprocal', title: 'of negative values', inputs: [float([5], { range: [-3, -0.5] })] },
  { kernel: 'LogicalNot', title: 'of a matrix', inputs: [flags([2, 3])] },
];

/** Random cases of the unary kernels. */
export const unaryGenerators: readonly CaseGenerator[] = [
  ...REAL.map((kernel) => elementwise(kernel, { dtype: 'float32' })),
  ...POSITIVE.map((kernel) => elementwise(kernel, { dtype: 'float32', range: [0.3, 2.3] })),
  elementwise('LogicalNot', { dtype: 'bool' }),
];
