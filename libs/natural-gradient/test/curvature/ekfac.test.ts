import { expectClose } from '@geodesic/testing';
import { BlockCurvature, createCurvature, type CurvatureConfig, type RoundRequest, type StateTree } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { numbers } from '../fixtures.ts';
import {
  basisAnswer,
  casesOf,
  difference,
  embeddingCases,
  frobenius,
  gradientsOf,
  type LayerCase,
  layerOf,
  momentsOf,
  outerSum,
  refreshedOn,
  settle,
  type Shape,
  sumsOf,
} from './layer-cases.ts';

const ekfac: CurvatureConfig = { method: 'ekfac', factorDecay: 0.9 };

/** The two layers of a tanh network with a softmax of 3 classes: inputs, and all roots of the loss' Hessian pulled back. */
function tanhNetwork(seed: number, count: number): { readonly shape: Shape; readonly cases: LayerCase[] }[] {
  const [inputs, hidden, classes] = [3, 4, 3];
  const w1 = numbers(seed, hidden * (inputs + 1)).map((value) => 1.5 * value);
  const w2 = numbers(seed + 1000, classes * (hidden + 1)).map((value) => 1.5 * value);
  const xs = numbers(seed + 2000, count * inputs);
  const layers: LayerCase[][] = [[], []];
  for (let n = 0; n < count; n++) {
    const x = [...xs.subarray(n * inputs, (n + 1) * inputs), 1];
    const h = Array.from({ length: hidden }, (_, j) => Math.tanh(x.reduce((sum, value, i) => sum + w1[j * (inputs + 1) + i] * value, 0)));
    const one = [...h, 1];
    const z = Array.from({ length: classes }, (_, k) => one.reduce((sum, value, j) => sum + w2[k * (hidden + 1) + j] * value, 0));
    const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
    const p = z.map((value) => Math.exp(value) / total);
    const roots = p.map((weight, k) => p.map((value, j) => Math.sqrt(weight) * (value - (j === k ? 1 : 0))));
    const back = roots.map((root) =>
      h.map((value, j) => (1 - value * value) * root.reduce((sum, r, k) => sum + r * w2[k * (hidden + 1) + j], 0)),
    );
    layers[0].push({ a: x, g: back });
    layers[1].push({ a: one, g: roots });
  }
  return layers.map((cases) => ({ cases, shape: { rows: cases[0].a.length, columns: cases[0].g[0].length } }));
}

describe('EigenCurvature', () => {
  it('is never further from the exact block than K-FAC, on the data that both come from (George et al. 2018, proposition 3)', () => {
    const ratios: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      for (const { shape, cases } of tanhNetwork(seed, 12)) {
        const exact = outerSum(gradientsOf(cases), shape.rows * shape.columns).map((value) => value / cases.length);
        const errorOf = (config: CurvatureConfig): number => {
          const { curvature, state } = refreshedOn(config, cases, { layer: layerOf(shape), damping: 0.1 });
          return frobenius(difference(curvature.toDense(state), exact)) / frobenius(exact);
        };
        const [corrected, product] = [errorOf(ekfac), errorOf({ method: 'kfac', factorDecay: 0.9 })];
        expect(corrected).toBeLessThanOrEqual(product * (1 + 1e-12));
        ratios.push(corrected / product);
      }
    }
    // Strictly nearer somewhere, or the test could not tell the two apart.
    expect(Math.min(...ratios)).toBeLessThan(0.95);
  });

  it('takes its moments from the basis that workers were sent, in float32', () => {
    const shape = { rows: 4, columns: 3 };
    const layer = layerOf(shape);
    const cases = casesOf(3, shape, 8);
    const curvature = createCurvature(ekfac, [layer], {});
    const known = curvature.absorb(curvature.initialState(), { step: 1, count: 8, statistics: sumsOf(cases, layer) });
    const requests: RoundRequest[] = [];
    const answer = basisAnswer({ l: cases });
    const state = settle(curvature.refresh(known, { step: 1, damping: 0.1 }), (request) => {
      requests.push(request);
      return answer(request);
    });
    expect(requests.map(({ program }) => program)).toEqual(['basis']);
    const { 'QA/l': QA, 'QS/l': QS } = requests[0].vectors ?? {};
    expect(QA).toBeInstanceOf(Float32Array);
    expect(Float64Array.from(QA)).toEqual(state['l/QA']);
    expect(Float64Array.from(QS)).toEqual(state['l/QS']);
    expectClose(
      state['l/s'],
      momentsOf(cases, { QA, QS }).map((value) => value / 8),
      { rel: 1e-14 },
    );
  });

  it('averages moments between refreshes, debiased, and starts anew at a refresh', () => {
    const shape = { rows: 3, columns: 2 };
    const layer = layerOf(shape);
    const batches = [1, 2, 3].map((seed) => casesOf(seed, shape, 5));
    const { curvature, state } = refreshedOn(ekfac, batches[0], { layer, damping: 0.1 });
    const block = curvature as BlockCurvature;
    const second = settle(block.moments!(state, 2), basisAnswer({ l: batches[1] }));
    const of = (cases: readonly LayerCase[], from: StateTree): Float64Array =>
      momentsOf(cases, { QA: from['l/QA'], QS: from['l/QS'] }).map((value) => value / 5);
    const [s1, s2] = [of(batches[0], state), of(batches[1], state)];
    expectClose(
      second['l/s'],
      s1.map((value, i) => (0.9 * value + s2[i]) / 1.9),
      { rel: 1e-13 },
    );
    expect(second['l/QA']).toEqual(state['l/QA']);
    const next = curvature.absorb(second, { step: 3, count: 5, statistics: sumsOf(batches[2], layer) });
    const third = settle(curvature.refresh(next, { step: 3, damping: 0.1 }), basisAnswer({ l: batches[2] }));
    expectClose(third['l/s'], of(batches[2], third), { rel: 1e-13 });
    expect(third['l/momentWeight'][0]).toBe(1);
  });

  it('shares one round between all layers, and asks for no basis of norms nor of the inputs of embeddings', () => {
    const dense = layerOf({ rows: 3, columns: 2 }, 'dense', { name: 'dense' });
    const embedding = layerOf({ rows: 4, columns: 3 }, 'embedding', { name: 'embedding' });
    const norm = layerOf({ rows: 2, columns: 3 }, 'norm', { name: 'norm' });
    const cases = { dense: casesOf(1, dense, 6), embedding: embeddingCases(2, embedding, 6), norm: casesOf(3, norm, 6) };
    const curvature = createCurvature(ekfac, [dense, embedding, norm], {});
    const statistics = new Map([...sumsOf(cases.dense, dense), ...sumsOf(cases.embedding, embedding), ...sumsOf(cases.norm, norm)]);
    const known = curvature.absorb(curvature.initialState(), { step: 1, count: 6, statistics });
    const requests: RoundRequest[] = [];
    const answer = basisAnswer({ dense: cases.dense, embedding: cases.embedding });
    const recorded = (request: RoundRequest) => {
      requests.push(request);
      return answer(request);
    };
    const state = settle(curvature.refresh(known, { step: 1, damping: 0.1 }), recorded);
    settle(curvature.moments!(state, 2), recorded);
    // One layer alone is refreshed: the others' bases go along, since the round wants them all.
    settle(curvature.refresh(state, { step: 3, damping: 0.1, only: new Set(['dense']) }), recorded);
    for (const { vectors = {} } of requests) expect(Object.keys(vectors)).toEqual(['QA/dense', 'QS/dense', 'QS/embedding']);
    expect(requests).toHaveLength(3);
  });

  it('refuses a round without its moments, naming the layer', () => {
    const layer = layerOf({ rows: 3, columns: 2 });
    const curvature = createCurvature(ekfac, [layer], {});
    const known = curvature.absorb(curvature.initialState(), { step: 4, count: 6, statistics: sumsOf(casesOf(1, layer, 6), layer) });
    const empty = () => ({ count: 6, columns: new Map<string, number>(), sums: new Map<string, number[]>() });
    expect(() => settle(curvature.refresh(known, { step: 4, damping: 0.1 }), empty)).toThrow(
      "step 4: expected statistics 'E/l' of layer 'l'",
    );
  });
});
