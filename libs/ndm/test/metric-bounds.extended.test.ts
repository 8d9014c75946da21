import { cholesky, symmetricEigen } from '@geodesic/linalg';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { trace } from '@geodesic/engine/trace';
import { describe, expect, it } from 'vitest';
import { choleskyMetric, conformalMetric, constantMetric, factoredMetric, lowRankMetric, type ChartMetric } from '../src/index.ts';
import { normal, normalTensor } from './evaluate-function.ts';

const [width, rank, hidden, basis] = [5, 2, 8, 3];
const options = { name: 'm', width, rank, hidden };
const metrics: readonly (readonly [string, ChartMetric])[] = [
  ['constant', constantMetric(options)],
  ['conformal', conformalMetric(options)],
  ['low-rank', lowRankMetric(options)],
  ['factored', factoredMetric({ ...options, basis })],
  ['dense', choleskyMetric({ ...options, epsilon: 1e-3 })],
];

/** Points of one run, each with all unit vectors. */
const points = 1_000;
/** Runs with other parameters and another spread of points: 10^5 points in all. */
const runs = 100;

describe.each(metrics)('the %s metric in float32', (_, metric) => {
  it('is positive definite with eigenvalues and condition number within its bounds at 10^5 random inputs', async () => {
    const rows = points * width;
    const units = Float32Array.from({ length: rows * width }, (_entry, i) => (Math.floor(i / width) % width === i % width ? 1 : 0));
    const specs = Object.fromEntries([
      ...metric.parameters.map(({ name, shape }) => [name, { shape }] as const),
      ['x', { shape: [rows, width] }] as const,
      ['units', { shape: [rows, width] }] as const,
    ]);
    const graph = trace((t) => ({ g: metric.at(t, t.x).multiply(t.units), half: metric.at(t, t.x).halfLogDet() }), specs);
    const executor = onnxCpuExecutor({ threads: 1 });
    const { lower, upper, condition } = metric.spectrum;
    const worst = { lower: Infinity, upper: 0, condition: 0, finite: true };
    try {
      const program = await executor.compile(graph);
      for (let run = 0; run < runs; run++) {
        const scale = [0.1, 0.5, 1, 2][run % 4];
        const values: Record<string, { shape: readonly number[]; data: ArrayLike<number> }> = Object.fromEntries(
          metric.parameters.map(({ name, shape }) => [name, normalTensor(`${name} ${run}`, shape, scale)]),
        );
        const drawn = normal(`x ${run}`, points * width, [0.3, 1, 10][run % 3]);
        const x = Float32Array.from({ length: rows * width }, (_entry, i) => drawn[Math.floor(i / (width * width)) * width + (i % width)]);
        Object.assign(values, { x: { shape: [rows, width], data: x }, units: { shape: [rows, width], data: units } });
        const outputs = await program.run(
          Object.fromEntries(
            graph.inputs.map(({ name }) => [
              name,
              { dtype: 'float32' as const, shape: values[name].shape, data: Float32Array.from(values[name].data) },
            ]),
          ),
        );
        const g = Float64Array.from(outputs.g.data);
        worst.finite &&= outputs.half.data.every((value) => Number.isFinite(value));
        for (let at = 0; at < g.length; at += width * width) {
          const matrix = g.subarray(at, at + width * width);
          cholesky(matrix.slice(), width);
          const { values: eigen } = symmetricEigen(matrix.slice(), width);
          worst.lower = Math.min(worst.lower, eigen[0]);
          worst.upper = Math.max(worst.upper, eigen[width - 1]);
          // What rounding to float32 takes from the least eigenvalue.
          const rounding = 3e-7 * eigen[width - 1];
          worst.condition = Math.max(worst.condition, eigen[width - 1] / (eigen[0] + rounding));
        }
      }
    } finally {
      await executor.close();
    }
    expect(worst.finite).toBe(true);
    expect(worst.lower).toBeGreaterThan(Math.min(lower * 0.99, lower - 3e-7 * worst.upper));
    expect(worst.upper).toBeLessThan(upper * 1.001);
    expect(worst.condition).toBeLessThan(condition * 1.001);
  });
});
