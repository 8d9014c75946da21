import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { trace } from '@geodesic/engine/trace';
import { deriveKey, fillUniform } from '@geodesic/random';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossEntropy, hits, sampledLabelCotangent, smoothedCrossEntropy } from '../src/index.ts';
import { evaluateFunction, labels, tensor } from './evaluate-function.ts';

/** log p of each row, by the definition with the largest logit taken out. */
function logSoftmax(rows: readonly (readonly number[])[]): number[][] {
  return rows.map((row) => {
    const top = Math.max(...row);
    const logSum = top + Math.log(row.reduce((sum, z) => sum + Math.exp(z - top), 0));
    return row.map((z) => z - logSum);
  });
}

function matrix(rows: readonly (readonly number[])[]): ReturnType<typeof tensor> {
  return tensor([rows.length, rows[0].length], rows.flat());
}

const rowsOfLogits = fc.array(fc.array(fc.double({ min: -80, max: 80, noNaN: true }), { minLength: 4, maxLength: 4 }), {
  minLength: 3,
  maxLength: 3,
});

describe('crossEntropy', () => {
  it('is minus the log-probability of the label, without overflow', () => {
    fc.assert(
      fc.property(rowsOfLogits, (logits) => {
        const { loss } = evaluateFunction((t) => ({ loss: crossEntropy(t.z, t.y) }), { z: matrix(logits), y: labels([0, 3, 1]) });
        const logP = logSoftmax(logits);
        expectClose(loss, [-logP[0][0], -logP[1][3], -logP[2][1]], { abs: 1e-12, rel: 1e-12 });
      }),
      { seed: 11, numRuns: 50 },
    );
  });
});

describe('smoothedCrossEntropy', () => {
  const smoothed = (logits: readonly (readonly number[])[], smoothing: number): number[] =>
    evaluateFunction((t) => ({ loss: smoothedCrossEntropy(t.z, t.y, smoothing) }), { z: matrix(logits), y: labels([0, 3, 1]) }).loss;

  it('is the expected loss over labels that are right with probability 1 - e + e / K', () => {
    fc.assert(
      fc.property(rowsOfLogits, fc.integer({ min: 1, max: 63 }), (logits, share) => {
        const smoothing = share / 64; // exact in float32, as the constants of a graph are
        const expected = logSoftmax(logits).map((row, i) =>
          row.reduce((sum, logP, k) => sum - logP * ((k === [0, 3, 1][i] ? 1 - smoothing : 0) + smoothing / 4), 0),
        );
        expectClose(smoothed(logits, smoothing), expected, { abs: 1e-11, rel: 1e-12 });
      }),
      { seed: 12, numRuns: 50 },
    );
  });

  it('is smallest where the model gives the smoothed label, not at infinity', () => {
    const margin = (p: number): number[][] => [0, 3, 1].map((y) => [0, 1, 2, 3].map((k) => Math.log(k === y ? p : (1 - p) / 3)));
    const best = smoothed(margin(0.925), 0.1);
    for (const p of [0.9, 0.95, 0.9999]) smoothed(margin(p), 0.1).forEach((loss, row) => expect(loss).toBeGreaterThan(best[row]));
  });
});

describe('hits', () => {
  it('gives a tie to the first class, as argMax does', () => {
    const z = matrix([
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
      [-1, 2, 2],
      [-1, 2, 2],
    ]);
    const { hit } = evaluateFunction((t) => ({ hit: hits(t.z, t.y) }), { z, y: labels([0, 1, 2, 1, 2]) });
    expect(hit).toEqual([1, 0, 0, 1, 0]);
  });
});

describe('sampledLabelCotangent', () => {
  const classes = 5;
  const p = [0.5, 0.03, 0, 0.27, 0.2];
  // exp(-700) is zero beside the others but a finite logit.
  const logits = p.map((probability) => (probability === 0 ? -700 : Math.log(probability)));
  const grid = 20_000;
  const { cotangent } = evaluateFunction((t) => ({ cotangent: sampledLabelCotangent(t.z, t.u) }), {
    z: matrix(Array.from({ length: grid }, () => logits)),
    u: matrix(Array.from({ length: grid }, (_, i) => [(i + 0.5) / grid])),
  });

  it('partitions (0, 1): each uniform draws exactly one class, as often as the class is probable', () => {
    const counts = Array<number>(classes).fill(0);
    for (let row = 0; row < grid; row++) {
      const drawn = p.flatMap((probability, k) => (probability - cotangent[row * classes + k] > 0.5 ? [k] : []));
      expect(drawn).toHaveLength(1);
      counts[drawn[0]] += 1;
    }
    const frequencies = counts.map((count) => count / grid);
    expectClose(frequencies, p, { abs: 1 / grid });
  });

  it('draws exactly one class in float32 too, up to the ends of (0, 1), whatever the rounding of the sums', async () => {
    const rows = 4096;
    const u = new Float32Array(rows);
    const z = new Float32Array(rows * 10);
    fillUniform(deriveKey(1, 'test', 'u'), 0, u);
    fillUniform(deriveKey(1, 'test', 'z'), 0, z);
    u.set([2 ** -24, 1 - 2 ** -24]);
    z.forEach((value, i) => (z[i] = 12 * value));
    const graph = trace((t) => ({ cotangent: sampledLabelCotangent(t.z, t.u) }), { z: { shape: [rows, 10] }, u: { shape: [rows, 1] } });
    const executor = onnxCpuExecutor();
    const program = await executor.compile(graph);
    const inputs = { z: { dtype: 'float32', shape: [rows, 10], data: z }, u: { dtype: 'float32', shape: [rows, 1], data: u } } as const;
    const { cotangent } = await program.run(inputs);
    for (let row = 0; row < rows; row++) {
      // Probabilities add up to one, so that a row of p - onehot adds up to zero exactly when one class is drawn.
      const sum = Array.from(cotangent.data.subarray(row * 10, (row + 1) * 10)).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum)).toBeLessThan(1e-5);
    }
    await executor.close();
  });

  it('has the Fisher matrix diag(p) - p p^T as its second moment', () => {
    const second = Array<number>(classes * classes).fill(0);
    for (let row = 0; row < grid; row++) {
      const g = cotangent.slice(row * classes, (row + 1) * classes);
      for (let i = 0; i < classes; i++) for (let j = 0; j < classes; j++) second[i * classes + j] += (g[i] * g[j]) / grid;
    }
    const fisher = p.flatMap((pi, i) => p.map((pj, j) => (i === j ? pi : 0) - pi * pj));
    expectClose(second, fisher, { abs: 2 / grid });
  });
});
