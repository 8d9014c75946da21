import { GraphBuilder, vjp } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import type * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  bernoulliCrossEntropy,
  crossEntropy,
  gaussianNll,
  lengthMask,
  maskedMean,
  paddingMask,
  poissonNll,
  sampledBernoulliCotangent,
  sampledGaussianCotangent,
  sampledPoissonCotangent,
  sampledSequenceCotangent,
  sampledSquaredErrorCotangent,
  sequenceCrossEntropy,
  sequenceHits,
  squaredError,
} from '../src/index.ts';
import { evaluateFunction, labels, tensor } from './evaluate-function.ts';
import { interpret, normal, uniform } from './run-layer.ts';

type Loss = (outputs: tf.Tensor, targets: tf.Tensor, options?: { readonly mask?: tf.Tensor }) => tf.Tensor;

const losses: readonly { name: string; loss: Loss; outputs: readonly number[]; density: (f: number[], y: number) => number }[] = [
  { name: 'squaredError', loss: squaredError, outputs: [2, 3, 2], density: ([f], y) => 0.5 * (f - y) ** 2 },
  {
    name: 'bernoulliCrossEntropy',
    loss: bernoulliCrossEntropy,
    outputs: [2, 3, 2],
    density: ([z], y) => -y * Math.log(1 / (1 + Math.exp(-z))) - (1 - y) * Math.log(1 / (1 + Math.exp(z))),
  },
  {
    name: 'gaussianNll',
    loss: gaussianNll,
    outputs: [2, 3, 4],
    density: ([m, s], y) => 0.5 * ((y - m) ** 2 / Math.exp(s) + s + Math.log(2 * Math.PI)),
  },
  { name: 'poissonNll', loss: poissonNll, outputs: [2, 3, 2], density: ([l], y) => Math.exp(l) - y * l + logFactorial(y) },
];

function logFactorial(y: number): number {
  return Array.from({ length: y }, (_, k) => Math.log(k + 1)).reduce((sum, term) => sum + term, 0);
}

describe.each(losses)('$name', ({ name, loss, outputs, density }) => {
  const f = normal(name, outputs);
  // Counts or labels: whole numbers, of which a Bernoulli target has two.
  const y = tensor(
    [2, 3, 2],
    [0, 1, 2, 0, 3, 1, 7, 1, 0, 12, 1, 0].map((count) => (name === 'bernoulliCrossEntropy' ? count % 2 : count)),
  );
  const parts = (row: number, t: number, d: number): number[] =>
    outputs[2] === 2 ? [f.data[row * 6 + t * 2 + d]] : [f.data[row * 12 + t * 4 + d], f.data[row * 12 + t * 4 + 2 + d]];
  const expected = (weight: (row: number, t: number) => number): number[] =>
    [0, 1].map((row) => {
      const terms = [0, 1, 2].flatMap((t) => [0, 1].map((d) => weight(row, t) * density(parts(row, t, d), y.data[row * 6 + t * 2 + d])));
      return terms.reduce((sum, term) => sum + term, 0);
    });

  it('is minus the log-density, added up over the entries of an example', () => {
    const found = evaluateFunction((t) => ({ loss: loss(t.f, t.y) }), { f, y });
    expectClose(
      found.loss,
      expected(() => 1),
      { abs: 1e-6, rel: 1e-9 },
    );
  });

  it('leaves out what the mask does', () => {
    const mask = tensor([2, 3], [1, 1, 0, 0, 1, 1]);
    const found = evaluateFunction((t) => ({ loss: loss(t.f, t.y, { mask: t.mask }) }), { f, y, mask });
    expectClose(
      found.loss,
      expected((row, t) => mask.data[row * 3 + t]),
      { abs: 1e-6, rel: 1e-9 },
    );
  });
});

describe('bernoulliCrossEntropy', () => {
  it('is finite at logits where a sigmoid rounds to 0 or 1', () => {
    const z = tensor([4, 1], [-800, 800, -800, 800]);
    const { loss } = evaluateFunction((t) => ({ loss: bernoulliCrossEntropy(t.z, t.y) }), { z, y: tensor([4, 1], [0, 1, 1, 0]) });
    expectClose(loss, [0, 0, 800, 800], { abs: 1e-12 });
  });
});

describe('sequenceCrossEntropy', () => {
  const z = normal('z', [2, 3, 4]);
  const y: TensorData = { dtype: 'int32', shape: [2, 3], data: Int32Array.from([0, 3, 1, 2, 2, 0]) };
  const mask = tensor([2, 3], [1, 1, 0, 1, 0, 0]);

  it('is the cross-entropy of each real position, added up', () => {
    const flat = evaluateFunction((t) => ({ loss: crossEntropy(t.z, t.y) }), { z: tensor([6, 4], z.data), y: labels([0, 3, 1, 2, 2, 0]) });
    const found = evaluateFunction((t) => ({ all: sequenceCrossEntropy(t.z, t.y), real: sequenceCrossEntropy(t.z, t.y, t) }), {
      z,
      y,
      mask,
    });
    expectClose(found.all, [flat.loss[0] + flat.loss[1] + flat.loss[2], flat.loss[3] + flat.loss[4] + flat.loss[5]], { rel: 1e-12 });
    expectClose(found.real, [flat.loss[0] + flat.loss[1], flat.loss[3]], { rel: 1e-12 });
  });

  it('has as its hits the share of real positions', () => {
    const sure = tensor(
      [2, 3, 4],
      Array.from({ length: 24 }, (_, i) => (i % 4 === [0, 0, 1, 2, 0, 0][Math.floor(i / 4)] ? 5 : 0)),
    );
    const { all, real } = evaluateFunction((t) => ({ all: sequenceHits(t.z, t.y), real: sequenceHits(t.z, t.y, t) }), { z: sure, y, mask });
    expectClose(all, [2 / 3, 2 / 3], { rel: 1e-12 });
    expectClose(real, [1 / 2, 1], { rel: 1e-12 });
  });

  it('draws one class at each real position', () => {
    const u = uniform('u', [2, 3]);
    const { cotangent } = evaluateFunction((t) => ({ cotangent: sampledSequenceCotangent(t.z, t.u, t) }), { z, u, mask });
    for (let at = 0; at < 6; at++) {
      const row = cotangent.slice(4 * at, 4 * at + 4);
      expectClose(
        row.reduce((sum, value) => sum + value, 0),
        0,
        { abs: 1e-12 },
      );
      expect(row.filter((value) => value < 0)).toHaveLength(mask.data[at]);
    }
  });
});

describe('sampled cotangents', () => {
  const draws = 5_000;
  const grid = tensor(
    [draws, 1],
    Array.from({ length: draws }, (_, i) => (i + 0.5) / draws),
  );
  /** Standard normal draws of about the right moments: pairs of Box and Muller. */
  const normals = normal('n', [draws, 1]);
  const repeated = (row: readonly number[]): TensorData => tensor([draws, row.length], Array.from({ length: draws }, () => row).flat());
  const second = (g: readonly number[], width: number, i: number, j: number): number =>
    Array.from({ length: draws }, (_, row) => g[row * width + i] * g[row * width + j]).reduce((sum, value) => sum + value, 0) / draws;
  const mean = (g: readonly number[]): number => g.reduce((sum, value) => sum + value, 0) / g.length;

  it('squared error: minus the normal draw', () => {
    const [f, n] = [normal('f', [2, 3]), normal('n', [2, 3])];
    const { g } = evaluateFunction((t) => ({ g: sampledSquaredErrorCotangent(t.f, t.n), f: t.f }), { f, n });
    expectClose(
      g,
      Array.from(n.data, (value) => -value),
      { abs: 0 },
    );
  });

  it('Bernoulli: mean 0, second moment s (1 - s)', () => {
    const { g } = evaluateFunction((t) => ({ g: sampledBernoulliCotangent(t.z, t.u) }), { z: repeated([0.8]), u: grid });
    const s = 1 / (1 + Math.exp(-0.8));
    expectClose(mean(g), 0, { abs: 1 / draws });
    expectClose(second(g, 1, 0, 0), s * (1 - s), { abs: 1 / draws });
  });

  it('Gaussian: second moment diag(e^-s, 1/2)', () => {
    const { g } = evaluateFunction((t) => ({ g: sampledGaussianCotangent(t.f, t.n) }), { f: repeated([0.3, -0.7]), n: normals });
    const tolerance = { abs: 6 / Math.sqrt(draws) };
    expectClose(second(g, 2, 0, 0) * Math.exp(-0.7), 1, tolerance);
    expectClose(second(g, 2, 1, 1), 0.5, tolerance);
    expectClose(second(g, 2, 0, 1), 0, tolerance);
  });

  it('Gaussian: the gradient of the loss at the drawn target', () => {
    const [f, n] = [normal('f', [3, 4]), normal('n', [3, 2])];
    const { g, y } = evaluateFunction((t) => ({ g: sampledGaussianCotangent(t.f, t.n), y: t.f }), { f, n });
    const drawn = Array.from({ length: 6 }, (_, i) => {
      const [row, d] = [Math.floor(i / 2), i % 2];
      return y[row * 4 + d] + Math.exp(y[row * 4 + 2 + d] / 2) * n.data[i];
    });
    expectClose(g, gradientOf(gaussianNll, f, tensor([3, 2], drawn)), { abs: 1e-9 });
  });

  it.each([-2, 0, 1.5, 3])('Poisson at log-rate %f: mean 0, second moment e^l', (logRate) => {
    const { g } = evaluateFunction((t) => ({ g: sampledPoissonCotangent(t.l, t.u) }), { l: repeated([logRate]), u: grid });
    const rate = Math.exp(logRate);
    const tolerance = { abs: 2e-3 * (1 + rate) };
    expectClose(mean(g), 0, tolerance);
    expectClose(second(g, 1, 0, 0), rate, tolerance);
    // Draws are whole numbers.
    for (const value of g.slice(0, 100)) expectClose(rate - value, Math.round(rate - value), { abs: 1e-9 });
  });

  it('Poisson: draws beyond the bound are cut to it', () => {
    const { g } = evaluateFunction((t) => ({ g: sampledPoissonCotangent(t.l, t.u, { bound: 4 }) }), { l: repeated([3]), u: grid });
    expectClose(Math.min(...g), Math.exp(3) - 4, { rel: 1e-12 });
    expect(() => sampledPoissonCotangent({} as tf.Tensor, {} as tf.Tensor, { bound: 0 })).toThrow(
      'poisson bound: expected a positive integer',
    );
  });
});

describe('masks', () => {
  it('lengthMask is 1 before the length', () => {
    const { mask } = evaluateFunction((t) => ({ mask: lengthMask(t.n, 4) }), { n: labels([0, 2, 4]) });
    expect(mask).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1]);
  });

  it('paddingMask is 0 at the padding id', () => {
    const { mask } = evaluateFunction((t) => ({ mask: paddingMask(t.ids, 9) }), { ids: tensor([2, 3], [1, 9, 9, 0, 3, 9]) });
    expect(mask).toEqual([1, 0, 0, 1, 1, 0]);
  });

  it('maskedMean is the mean over real positions, and 0 where there are none', () => {
    const x = tensor([2, 3, 2], [1, 2, 3, 4, 50, 60, 7, 8, 9, 10, 11, 12]);
    const { mean } = evaluateFunction((t) => ({ mean: maskedMean(t.x, t.mask) }), { x, mask: tensor([2, 3], [1, 1, 0, 0, 0, 0]) });
    expect(mean).toEqual([2, 3, 0, 0]);
  });
});

/** d(sum of losses)/d outputs on the graph. */
function gradientOf(loss: Loss, f: TensorData, y: TensorData): ArrayLike<number> {
  const traced = trace((t) => ({ loss: loss(t.f, t.y) }), { f: { shape: f.shape }, y: { shape: y.shape } });
  const builder = GraphBuilder.from(traced);
  const ones = builder.add('BroadcastTo', [builder.constant(1)], { shape: [f.shape[0]] });
  const input = traced.inputs.find(({ name }) => name === 'f')!;
  builder.output('g', vjp(builder, [{ id: traced.outputs[0].id, cotangent: ones }], [input.id])[0]);
  return interpret(builder.build(), { f, y }).g.data;
}
