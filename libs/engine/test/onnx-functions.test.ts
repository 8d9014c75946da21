import { GraphBuilder, evaluate, type Graph } from '@geodesic/engine';
import { emittedOperations, onnxCpuExecutor, type Precision } from '@geodesic/engine/onnx';
import { expectClose } from '@geodesic/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { drawEntries, float, generator, tensor } from './cases/kernel-case.ts';

const executors = { float32: onnxCpuExecutor(), float64: onnxCpuExecutor({ precision: 'float64' }) };
afterAll(async () => {
  await Promise.all(Object.values(executors).map((executor) => executor.close()));
});

function unaryGraph(kernel: string, size: number): Graph {
  const builder = new GraphBuilder();
  builder.output('y', builder.add(kernel, [builder.input('x', [size], 'float32')]));
  return builder.build();
}

/** A kernel's values on onnx-cpu, and in the reference interpreter. */
async function both(kernel: string, values: readonly number[], precision: Precision): Promise<{ got: number[]; expected: number[] }> {
  const graph = unaryGraph(kernel, values.length);
  const x = tensor(precision, [values.length], values);
  const { y } = await (await executors[precision].compile(graph)).run({ x });
  return { got: Array.from(y.data), expected: Array.from(evaluate(graph, { x }, { precision: 'float64' }).y.data) };
}

const grid = (from: number, to: number, count = 4001): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
const signed = (values: readonly number[]): number[] => [...values, ...values.map((value) => -value)];
const decades = signed(Array.from({ length: 61 }, (_, i) => 10 ** (i / 2 - 20)));

describe('functions that onnx-cpu composes in float64', () => {
  // The bounds that float64-functions.ts and emit-trigonometry.ts state, or the condition of the function times 1e-15.
  it.each([
    ['Erf', [...grid(-7, 7), ...decades], 2e-15],
    ['Atan', [...grid(-20, 20), ...decades], 5e-16],
    ['Asin', [...grid(-1, 1), ...decades.filter((x) => Math.abs(x) < 1)], 1e-15],
    ['Acos', grid(-1, 0.999), 2e-15],
    ['Tan', grid(-1.5, 1.5), 1e-14],
    ['Cos', grid(-1.5, 1.5), 4e-15],
    ['Sinh', [...grid(-20, 20), ...decades.filter((x) => Math.abs(x) < 20)], 2e-15],
    ['Cosh', grid(-20, 20), 1e-15],
    ['Asinh', [...grid(-50, 50), ...decades], 2e-15],
    ['Acosh', [...grid(1.0001, 3), ...grid(3, 1e4)], 2e-15],
    ['Atanh', [...grid(-0.9999, 0.9999), ...decades.filter((x) => Math.abs(x) < 0.99)], 2e-15],
  ] as const)('%s has its stated relative error', async (kernel, values, rel) => {
    const { got, expected } = await both(kernel, values, 'float64');
    expectClose(got, expected, { rel, abs: 1e-300 });
  });

  it.each(['Erf', 'Atan', 'Asin', 'Acos', 'Sinh', 'Cosh', 'Acosh', 'Atanh'])('%s is right at the ends of its domain', async (kernel) => {
    const ends = [-1, 0, 1, Infinity, -Infinity, Number.NaN].filter((x) => kernel !== 'Acosh' || !(x > -1 && x < 1));
    const { got, expected } = await both(kernel, ends, 'float64');
    expect(got.map((y) => (Number.isFinite(y) ? 0 : y))).toEqual(expected.map((y) => (Number.isFinite(y) ? 0 : y)));
    expectClose(got.filter(Number.isFinite), expected.filter(Number.isFinite), { rel: 2e-15 });
  });
});

describe('tests of numbers', () => {
  it.each(['float32', 'float64'] as const)('see NaN and infinities in %s', async (precision) => {
    const values = [Number.NaN, Infinity, -Infinity, 0, -1, 3e38];
    for (const kernel of ['IsNan', 'IsInf', 'IsFinite']) {
      const { got, expected } = await both(kernel, values, precision);
      expect(got).toEqual(expected);
    }
  });
});

/** A factor or a solve of n x n matrices. */
function matrixGraph(kernel: 'Cholesky' | 'TriangularSolve', n: number): Graph {
  const builder = new GraphBuilder();
  const a = builder.input('a', [2, n, n], 'float32');
  const inputs = kernel === 'Cholesky' ? [a] : [a, builder.input('b', [2, n, 3], 'float32')];
  builder.output('y', builder.add(kernel, inputs, kernel === 'Cholesky' ? {} : { transpose: true }));
  return builder.build();
}

describe('unrolled elimination', () => {
  it.each(['float32', 'float64'] as const)('factors and solves matrices of the largest size in %s', async (precision) => {
    const n = 32;
    const random = generator(12);
    const spd = tensor(precision, [2, n, n], drawEntries(float([2, n, n], { kind: 'spd' }), random));
    const lower = tensor(precision, [2, n, n], drawEntries(float([2, n, n], { kind: 'lower' }), random));
    const b = tensor(precision, [2, n, 3], drawEntries(float([2, n, 3]), random));
    const runs = [
      [matrixGraph('Cholesky', n), { a: spd }],
      // A random triangle is badly conditioned at this size; a factor is not.
      [matrixGraph('TriangularSolve', n), { a: { ...lower, data: lower.data.map((x, e) => (e % (n + 1) === 0 ? x : x / n)) }, b }],
    ] as const;
    for (const [graph, feeds] of runs) {
      const { y } = await (await executors[precision].compile(graph)).run(feeds);
      const expected = evaluate(graph, feeds, { precision: 'float64' }).y;
      expectClose(y.data, expected.data, precision === 'float32' ? { abs: 3e-5, rel: 3e-5 } : { abs: 1e-12, rel: 1e-12 });
    }
  });

  it.each(['Cholesky', 'TriangularSolve'] as const)('takes a number of operations linear in n: %s', (kernel) => {
    const count = (n: number): number => emittedOperations(matrixGraph(kernel, n)).length;
    expect(count(32) - count(16)).toBe(2 * (count(16) - count(8)));
    expect(count(32)).toBeLessThanOrEqual(32 * 8 + 8);
  });

  it('refuses larger ones and says what to use', () => {
    expect(() => emittedOperations(matrixGraph('Cholesky', 33))).toThrow(
      'got Cholesky: matrices up to 32 are unrolled, this one is 33 (use smaller blocks, or newtonSchulzInverse and coupledNewtonRoot)',
    );
  });
});
