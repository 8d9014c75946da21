import { GraphBuilder, GraphError, coupledNewtonRoot, evaluate, newtonSchulzInverse, vjp, type Graph } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { matmul, symmetricEigen } from '@geodesic/linalg';
import type { DType } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { generator, tensor } from './cases/kernel-case.ts';

/** V diag(f(values)) V^T of a symmetric matrix [n, n], by linalg's eigendecomposition. */
function matrixFunction(a: Float64Array, n: number, f: (value: number) => number): Float64Array {
  const { values, vectors } = symmetricEigen(a, n);
  const scaled = vectors.map((entry, e) => entry * f(values[e % n]));
  return matmul(scaled, vectors, { m: n, k: n, n, transposeB: true });
}

/** A symmetric matrix with a random basis and the eigenvalues 1 .. 1 / condition, evenly in their logarithms. */
function spd(n: number, condition: number, seed: number): Float64Array {
  const random = generator(seed);
  const mixed = Float64Array.from({ length: n * n }, () => random() - 0.5);
  const symmetric = mixed.map((entry, e) => entry + mixed[(e % n) * n + Math.floor(e / n)]);
  const { vectors } = symmetricEigen(symmetric, n);
  const scaled = vectors.map((entry, e) => entry * condition ** (-(e % n) / (n - 1)));
  return matmul(scaled, vectors, { m: n, k: n, n, transposeB: true });
}

/** 1 for the inverse, 2 and 4 for the roots. */
type Root = 1 | 2 | 4;

function graphOf(shape: readonly number[], dtype: DType, options: { root: Root; iterations: number }): Graph {
  const { root, iterations } = options;
  const builder = new GraphBuilder();
  const a = builder.input('a', shape, dtype);
  const y = root === 1 ? newtonSchulzInverse(builder, a, { iterations }) : coupledNewtonRoot(builder, a, { root, iterations });
  builder.output('y', y);
  return builder.build();
}

const inFloat64 = (a: Float64Array, n: number, options: { root: Root; iterations: number }): Float64Array =>
  evaluate(graphOf([n, n], 'float64', options), { a: tensor('float64', [n, n], a) }, { precision: 'float64' }).y.data as Float64Array;

/** Iterations by the documented rule; the infinity norm is at most sqrt(n) times the largest eigenvalue. */
const enough = (root: Root, k: number): number => Math.ceil(root === 1 ? Math.log2(k) + 5 : 1.2 * Math.log(k) + 5);

const executor = onnxCpuExecutor();
afterAll(() => executor.close());

const METHODS: readonly { readonly root: Root; readonly method: string }[] = [
  { root: 1, method: 'newtonSchulzInverse' },
  { root: 2, method: 'coupledNewtonRoot to the square root' },
  { root: 4, method: 'coupledNewtonRoot to the fourth root' },
];

describe.each(METHODS)('$method', ({ root }) => {
  const n = 12;

  it.each([1, 10, 1e3, 1e6])('agrees in float64 with the eigendecomposition at condition %d', (condition) => {
    const a = spd(n, condition, 5);
    const k = condition * Math.sqrt(n);
    const got = inFloat64(a, n, { root, iterations: enough(root, k) });
    const expected = matrixFunction(a, n, (value) => value ** (-1 / root));
    expectClose(got, expected, { abs: 1e-14 * k * condition ** (1 / root) });
  });

  it.each([1, 10, 1e3])('agrees in float32 on onnx-cpu to 1e-6 + u k of its largest eigenvalue at condition %d', async (condition) => {
    const a = spd(n, condition, 6);
    const k = condition * Math.sqrt(n);
    const program = await executor.compile(graphOf([n, n], 'float32', { root, iterations: enough(root, k) }));
    const { y } = await program.run({ a: tensor('float32', [n, n], a) });
    const expected = matrixFunction(Float64Array.from(Float32Array.from(a)), n, (value) => value ** (-1 / root));
    expectClose(y.data, expected, { abs: (1e-6 + 6e-8 * k) * condition ** (1 / root) });
  });

  it('takes batches, each matrix with its own scale', () => {
    const [small, large] = [spd(3, 10, 7).map((entry) => entry * 1e-3), spd(3, 10, 8).map((entry) => entry * 1e3)];
    const graph = graphOf([2, 3, 3], 'float64', { root, iterations: 15 });
    const { y } = evaluate(graph, { a: tensor('float64', [2, 3, 3], [...small, ...large]) }, { precision: 'float64' });
    const expected = [small, large].map((a) => matrixFunction(a, 3, (value) => value ** (-1 / root)));
    expectClose(y.data.slice(0, 9), expected[0], { rel: 1e-10, abs: 1e-10 });
    expectClose(y.data.slice(9), expected[1], { rel: 1e-10, abs: 1e-10 });
  });
});

describe('newtonSchulzInverse', () => {
  it('leaves the error that its documentation states', () => {
    const [n, condition] = [6, 100];
    const a = spd(n, condition, 9);
    const norm = Math.max(
      ...Array.from({ length: n }, (_, i) => a.slice(i * n, (i + 1) * n).reduce((sum, entry) => sum + Math.abs(entry), 0)),
    );
    for (const iterations of [4, 6, 8, 10]) {
      const got = inFloat64(a, n, { root: 1, iterations });
      const residual = matmul(a, got, { m: n, k: n, n }).map((entry, e) => (e % (n + 1) === 0 ? 1 : 0) - entry);
      const largest = Math.max(...symmetricEigen(residual, n).values.map(Math.abs));
      expect(largest).toBeLessThanOrEqual(Math.exp(-(2 ** iterations) / (norm * condition)) + 1e-12);
    }
  });

  it('is differentiated like any graph', () => {
    const builder = new GraphBuilder();
    const a = builder.input('a', [1, 1], 'float64');
    const y = newtonSchulzInverse(builder, a, { iterations: 8 });
    builder.output('g', vjp(builder, [{ id: y, cotangent: builder.constant(tensor('float64', [1, 1], [1])) }], [a])[0]);
    const { g } = evaluate(builder.build(), { a: tensor('float64', [1, 1], [4]) }, { precision: 'float64' });
    expectClose(g.data, [-1 / 16], { rel: 1e-12 });
  });

  it('refuses what is no matrix, and no iterations', () => {
    const builder = new GraphBuilder();
    const [flat, square] = [builder.input('flat', [2, 3], 'float32'), builder.input('square', [2, 2], 'float32')];
    expect(() => newtonSchulzInverse(builder, flat, { iterations: 3 })).toThrow(GraphError);
    expect(() => coupledNewtonRoot(builder, flat, { root: 2, iterations: 3 })).toThrow(
      'expected float matrices [.., n, n], got float32[2,3]',
    );
    expect(() => coupledNewtonRoot(builder, square, { root: 4, iterations: 0 })).toThrow(
      'a whole number of iterations of at least 1, got 0',
    );
  });
});
