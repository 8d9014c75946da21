import { expectClose } from '@geodesic/testing';
import { createCurvature, type CurvatureConfig, type LayerKind, OptimizerConfigError, supportedKinds } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { numbers } from '../fixtures.ts';
import { basisAnswer, casesOf, embeddingCases, type LayerCase, layerOf, refreshedOn, settle, sumsOf } from './layer-cases.ts';

const decay = { factorDecay: 0.95 };
const damping = 0.04;
const configs: readonly [string, CurvatureConfig, LayerKind][] = [
  ['kfac by pi', { method: 'kfac', ...decay }, 'dense'],
  ['kfac with undamped inputs', { method: 'kfac', undampedInputs: ['l'], ...decay }, 'dense'],
  ['kfac in the eigenbasis', { method: 'kfac', dampingRule: 'eigenbasis', ...decay }, 'dense'],
  ['ekfac', { method: 'ekfac', ...decay }, 'dense'],
  ['ekfac of an embedding', { method: 'ekfac', ...decay }, 'embedding'],
  ['diagonal', { method: 'diagonal', ...decay }, 'dense'],
  ['block', { method: 'block', ...decay }, 'dense'],
  ['kfac of an embedding', { method: 'kfac', ...decay }, 'embedding'],
  ['kfac of a norm', { method: 'kfac', ...decay }, 'norm'],
];

describe.each(configs)('%s', (_, config, kind) => {
  const shape = { rows: 2, columns: 3 };
  const v = numbers(3, 6);
  const direction = (cases: readonly LayerCase[]): Float64Array => {
    const { curvature, state } = refreshedOn(config, cases, { layer: layerOf(shape, kind), damping });
    return curvature.solve(state, v);
  };
  const examples = kind === 'embedding' ? embeddingCases(1, shape, 5) : casesOf(1, shape, 5);
  const zeros = (n: number): number[] => Array.from({ length: n }, () => 0);

  it('takes the gradient over the damping where neither inputs nor gradients arrive', () => {
    const silent = examples.map(() => ({ a: zeros(2), g: [zeros(3)] }));
    expectClose(
      direction(silent),
      v.map((value) => value / damping),
      { rel: 1e-12 },
    );
  });

  it('stays finite and goes down for dead inputs, a dead output and a single example', () => {
    const variants: LayerCase[][] = [
      examples.map(({ g }) => ({ a: [0, kind === 'embedding' ? 0 : 1], g })),
      examples.map(({ a, g }) => ({ a, g: g.map(([first, second]) => [first, second, 0]) })),
      examples.slice(0, 1),
      examples.map(({ g }) => ({ a: zeros(2), g })),
    ];
    for (const cases of variants) {
      const found = direction(cases);
      const product = found.reduce((sum, value, i) => sum + value * v[i], 0);
      expect(Number.isFinite(product)).toBe(true);
      expect(product).toBeGreaterThan(0);
    }
  });
});

describe('EmbeddingCurvature', () => {
  it('moves ids that were never seen by their damping alone', () => {
    const layer = layerOf({ rows: 4, columns: 2 }, 'embedding');
    const { curvature, state } = refreshedOn({ method: 'kfac', ...decay }, embeddingCases(2, layer, 9), { layer, damping });
    expect(state['l/A'][3]).toBe(0);
    const [pi] = state['l/pi'];
    expectClose(state['l/inverseA'][3], 1 / (pi * Math.sqrt(damping)), { rel: 1e-13 });
    const unseen = curvature.solve(state, Float64Array.of(0, 0, 0, 0, 0, 0, 1, 1)).subarray(6);
    expect(unseen.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
  });
});

describe('constant inputs', () => {
  it('are absorbed once, and cost no bytes from then on', () => {
    const layer = layerOf({ rows: 3, columns: 2 }, 'dense', { constantInputs: true });
    const cases = casesOf(1, layer, 6);
    const { curvature, state } = refreshedOn({ method: 'kfac', ...decay }, cases, { layer, damping });
    const fresh = curvature.initialState();
    const bytes = [fresh, state].map((one) => curvature.report(one, 1)[0].bytes);
    expect(bytes).toEqual([4 * (6 + 3), 4 * 3]);
    const later = sumsOf(casesOf(2, layer, 6), layer);
    later.delete('A/l');
    const next = curvature.absorb(state, { step: 2, count: 6, statistics: later });
    expect(next['l/A']).toEqual(state['l/A']);
    expect(next['l/S']).not.toEqual(state['l/S']);
    // Sent all the same, it is not mixed in: the first one stays to the bit.
    const again = curvature.absorb(state, { step: 2, count: 6, statistics: sumsOf(cases, layer) });
    expect(again['l/A']).toEqual(state['l/A']);
  });
});

describe('fisher forward', () => {
  it('has S = I and asks for no S', () => {
    const layer = layerOf({ rows: 3, columns: 2 });
    const curvature = createCurvature({ method: 'kfac', fisher: 'forward', ...decay }, [layer], {});
    const statistics = sumsOf(casesOf(1, layer, 6), layer);
    statistics.delete('S/l');
    const known = curvature.absorb(curvature.initialState(), { step: 1, count: 6, statistics });
    expect([...known['l/S']]).toEqual([1, 0, 0, 1]);
    expect(curvature.report(known, 1)[0].bytes).toBe(4 * 6);
    expect(curvature.isKnown(known)).toBe(true);
  });
});

describe('normalizeMetric', () => {
  it('takes the scale out of the metric', () => {
    const layer = layerOf({ rows: 3, columns: 2 });
    const cases = casesOf(1, layer, 6);
    const scaled = cases.map(({ a, g }) => ({ a, g: g.map((vector) => vector.map((value) => 10 * value)) }));
    const config: CurvatureConfig = { method: 'metric-kfac', normalizeMetric: true, ...decay };
    const [one, ten] = [cases, scaled].map((examples) => {
      const { curvature, state } = refreshedOn(config, examples, { layer, damping });
      return curvature.solve(state, numbers(1, 6));
    });
    expectClose(ten, one, { rel: 1e-12 });
  });
});

describe('supportedKinds', () => {
  it('is what createCurvature takes', () => {
    expect(supportedKinds('kfac')).toEqual(['dense', 'conv', 'embedding', 'norm']);
    expect(supportedKinds('metric-kfac')).toEqual(['dense', 'conv']);
    expect(supportedKinds('adam')).toEqual([]);
    const metric = (): unknown => createCurvature({ method: 'metric-kfac', ...decay }, [layerOf({ rows: 2, columns: 2 }, 'norm')], {});
    expect(metric).toThrow(OptimizerConfigError);
    expect(metric).toThrow("layer l.kind to be dense or conv for method metric-kfac, got 'norm'");
    expect(() => createCurvature({ method: 'kfac', ...decay }, [layerOf({ rows: 3, columns: 2 }, 'norm')], {})).toThrow(
      'layer l.inputs to be 1 for a norm layer',
    );
  });
});

describe('a curvature of which nothing is known', () => {
  it.each(configs)('refuses to be refreshed, naming the layer: %s', (_, config, kind) => {
    const curvature = createCurvature(config, [layerOf({ rows: 2, columns: 3 }, kind)], {});
    const state = curvature.initialState();
    expect(curvature.isKnown(state)).toBe(false);
    expect(curvature.isReady(state)).toBe(false);
    expect(curvature.moved(state)).toBe(Infinity);
    expect(() => settle(curvature.refresh(state, { step: 2, damping }), basisAnswer({ l: [] }))).toThrow("of layer 'l', got none");
  });
});
