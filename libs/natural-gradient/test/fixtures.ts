/** Small optimisers and reproducible inputs for tests: two dense layers, 3-4 with a bias and 4-2 without, and one loose scale. */
import { makeLayout, type Layout } from '@geodesic/tensor';
import type { AdamConfig, FloatArray, GroupConfig, KfacConfig, LayerRegistration, SgdConfig } from '@geodesic/natural-gradient';
import type { OneRound } from './drive.ts';

export const layout: Layout = makeLayout([
  { name: 'stem.weight', shape: [3, 4] },
  { name: 'stem.bias', shape: [4] },
  { name: 'scale', shape: [5] },
  { name: 'head.weight', shape: [4, 2] },
]);

export const layers: readonly LayerRegistration[] = [
  { name: 'stem', inputs: 3, outputs: 4, bias: true, offset: 0 },
  { name: 'head', inputs: 4, outputs: 2, bias: false, offset: 21 },
];

export const constant = (rate: number): SgdConfig['learningRate'] => ({ initial: rate, final: rate, warmupSteps: 0, shape: 'constant' });

export const kfac: KfacConfig = {
  method: 'kfac',
  layers: ['stem', 'head'],
  learningRate: { initial: 0.3, final: 0.03, warmupSteps: 2, shape: 'cosine' },
  momentum: 0.9,
  damping: 1e-2,
  klClip: 1e-2,
  factorDecay: 0.95,
  statisticsEvery: 2,
  inverseEvery: 3,
  weightDecay: 1e-3,
};

export const adam: AdamConfig = {
  method: 'adam',
  learningRate: constant(1e-2),
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 1e-2,
};

export const sgd: SgdConfig = { method: 'sgd', learningRate: constant(0.1), momentum: 0, nesterov: false, weightDecay: 0 };

export const kfacParameters = ['stem.weight', 'stem.bias', 'head.weight'] as const;

export const groups: readonly GroupConfig[] = [
  { name: 'dense', parameters: kfacParameters, ...kfac },
  { name: 'rest', parameters: ['scale'], ...adam },
];

/** Reproducible numbers in (-1, 1) without Math.random: a 32-bit linear congruential generator. */
export function numbers(seed: number, length: number): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Sums of outer products of `count` reproducible rows of length n. */
export function outerSums(seed: number, n: number, count: number): Float64Array {
  const rows = numbers(seed, n * count);
  const total = new Float64Array(n * n);
  for (let b = 0; b < count; b++) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) total[i * n + j] += rows[b * n + i] * rows[b * n + j];
  }
  return total;
}

export const count = 8;

export function statisticsAt(step: number): Map<string, Float64Array> {
  return new Map([
    ['A/stem', outerSums(4 * step, 4, count)],
    ['S/stem', outerSums(4 * step + 1, 4, count)],
    ['A/head', outerSums(4 * step + 2, 4, count)],
    ['S/head', outerSums(4 * step + 3, 2, count)],
  ]);
}

/** What a step sees; gradients depend on the parameters, so that a wrong bit anywhere spreads. */
export function inputAt(step: number, parameters: Float32Array): OneRound {
  const noise = numbers(1000 + step, parameters.length);
  const gradientSum = Float32Array.from(parameters, (value, i) => count * (value + 0.3 * noise[i]));
  return { step, count, gradientSum, parameters, statistics: statisticsAt(step) };
}

export function applied(parameters: Float32Array, delta: FloatArray): Float32Array<ArrayBuffer> {
  return Float32Array.from(parameters, (value, i) => value + delta[i]);
}
