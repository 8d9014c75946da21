/** State: what a resumed run goes on with, what a step may not touch, and how far the statistics have moved since the last refresh. */
import { createCurvature, type CurvatureConfig, type LayerKind, type StateTree } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { numbers } from '../fixtures.ts';
import { basisAnswer, casesOf, embeddingCases, type LayerCase, layerOf, refreshedOn, settle, sumsOf } from './layer-cases.ts';

const decay = { factorDecay: 0.9 };
const tracked = { ...decay, inverseWhenMoved: 0.1 };
const configs: readonly [string, CurvatureConfig, LayerKind][] = [
  ['kfac by pi', { method: 'kfac', ...tracked }, 'dense'],
  ['kfac damped by the metric', { method: 'kfac', dampingRule: 'metric', ...tracked }, 'dense'],
  ['kfac in the eigenbasis', { method: 'kfac', dampingRule: 'eigenbasis', ...tracked }, 'dense'],
  ['ekfac', { method: 'ekfac', ...tracked }, 'dense'],
  ['ekfac of an embedding', { method: 'ekfac', ...tracked }, 'embedding'],
  ['diagonal', { method: 'diagonal', ...tracked }, 'dense'],
  ['block', { method: 'block', ...tracked }, 'dense'],
  ['kfac of an embedding', { method: 'kfac', ...tracked }, 'embedding'],
  ['kfac of a norm', { method: 'kfac', ...tracked }, 'norm'],
];

const shape = { rows: 2, columns: 3 };
const metric = Float64Array.of(6, 1, 0, 1, 6, 0, 0, 0, 12);

function examplesAt(kind: LayerKind, step: number): LayerCase[] {
  return kind === 'embedding' ? embeddingCases(step, shape, 6) : casesOf(step, shape, 6);
}

function copied(state: StateTree): StateTree {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, value.slice()]));
}

/** Statistics at every step, moments with them, a refresh at every third. */
function advanced(config: CurvatureConfig, kind: LayerKind, from: { step: number; state: StateTree }): StateTree {
  const layer = layerOf(shape, kind);
  const curvature = createCurvature(config, [layer], {});
  const { step } = from;
  const cases = examplesAt(kind, step);
  const statistics = sumsOf(cases, layer).set('M/l', metric);
  const known = curvature.absorb(from.state, { step, count: 6, statistics });
  const answer = basisAnswer({ l: cases });
  if ((step - 1) % 3 === 0) return settle(curvature.refresh(known, { step, damping: 0.05 }), answer);
  return curvature.moments ? settle(curvature.moments(known, step), answer) : known;
}

describe.each(configs)('state of %s', (_, config, kind) => {
  const curvature = createCurvature(config, [layerOf(shape, kind)], {});
  const states = [curvature.initialState()];
  for (let step = 1; step <= 7; step++) states.push(advanced(config, kind, { step, state: states[step - 1] }));

  it('goes on with the same bits from a copy, at every step', () => {
    for (let from = 0; from < 7; from++) {
      let state = copied(states[from]);
      for (let step = from + 1; step <= 7; step++) state = advanced(config, kind, { step, state });
      expect(state).toEqual(states[7]);
    }
  });

  it('is never written to', () => {
    for (const state of states) {
      const before = copied(state);
      advanced(config, kind, { step: 10, state });
      const v = numbers(1, 6);
      curvature.solve(state, v);
      curvature.multiply(state, v);
      curvature.toDense(state).fill(1);
      curvature.report(state, 10);
      expect(v).toEqual(numbers(1, 6));
      expect(state).toEqual(before);
    }
  });

  it('has the same keys and lengths from the start, as with the adaptive refresh off but for the references', () => {
    const layoutOf = (state: StateTree): string[] =>
      Object.entries(state)
        .map(([key, { length }]) => `${key} ${length}`)
        .sort();
    for (const state of states) expect(layoutOf(state)).toEqual(layoutOf(states[0]));
    const untracked = createCurvature({ ...config, inverseWhenMoved: 0 }, [layerOf(shape, kind)], {});
    const more = layoutOf(states[0]).filter((key) => !layoutOf(untracked.initialState()).includes(key));
    expect(more.every((key) => key.startsWith('l/reference'))).toBe(true);
  });

  it('has not moved after a refresh, nor by statistics like those before, and moves with others', () => {
    const layer = layerOf(shape, kind);
    const cases = examplesAt(kind, 1);
    const absorb = (state: StateTree, examples: readonly LayerCase[]): StateTree =>
      curvature.absorb(state, { step: 9, count: examples.length, statistics: sumsOf(examples, layer).set('M/l', metric) });
    const start = absorb(curvature.initialState(), cases);
    const refreshed = settle(curvature.refresh(start, { step: 1, damping: 0.05 }), basisAnswer({ l: cases }));
    expect(curvature.moved(refreshed)).toBe(0);
    expect(curvature.moved(absorb(refreshed, cases))).toBeLessThan(1e-6);
    const noise = numbers(77, 1)[0];
    // Nearly the same batch, and one that has little to do with it.
    const near = cases.map(({ a, g }) => ({ a, g: g.map((vector) => vector.map((value, i) => value + 0.05 * (i - noise))) }));
    const far = cases.map(({ a, g }) => ({ a, g: g.map((vector) => vector.map((value, i) => 3 * (i - noise) - value)) }));
    const [little, much] = [near, far].map((examples) => curvature.moved(absorb(refreshed, examples)));
    expect(little).toBeGreaterThan(1e-4);
    expect(much).toBeGreaterThan(2 * little);
    expect(curvature.movedLayers(absorb(refreshed, far), little)).toEqual(new Set(['l']));
    expect(curvature.movedLayers(absorb(refreshed, near), little)).toEqual(new Set());
  });

  it('counts any batch as 1 where movement is not tracked', () => {
    const untracked: CurvatureConfig = { ...config, inverseWhenMoved: 0 };
    const layer = layerOf(shape, kind);
    const own = createCurvature(untracked, [layer], {});
    const cases = examplesAt(kind, 1);
    const batch = { step: 1, count: 6, statistics: sumsOf(cases, layer).set('M/l', metric) };
    const state = settle(own.refresh(own.absorb(own.initialState(), batch), { step: 1, damping: 0.05 }), basisAnswer({ l: cases }));
    expect([own.moved(state), own.moved(own.absorb(state, batch))]).toEqual([0, 1]);
  });
});

describe('BlockCurvature', () => {
  const layers = [
    layerOf({ rows: 2, columns: 3 }, 'dense', { name: 'net/stem' }),
    layerOf({ rows: 3, columns: 2 }, 'dense', { name: 'net' }),
  ];
  const curvature = createCurvature({ method: 'kfac', ...tracked }, layers, {});
  const batch = (step: number) => ({
    step,
    count: 6,
    statistics: new Map(layers.flatMap((layer, i) => [...sumsOf(casesOf(10 * step + i, layer, 6), layer)])),
  });
  const known = curvature.absorb(curvature.initialState(), batch(1));
  const state = settle(curvature.refresh(known, { step: 1, damping: 0.05 }));

  it('puts the layers side by side in the order of theta, and keeps names that nest apart', () => {
    const alone = layers.map((layer, i) =>
      refreshedOn({ method: 'kfac', ...tracked }, casesOf(10 + i, layer, 6), { layer, damping: 0.05 }),
    );
    const v = numbers(2, 12);
    const parts = alone.flatMap((one, i) => [...one.curvature.solve(one.state, v.slice(6 * i, 6 * i + 6))]);
    expect([...curvature.solve(state, v)]).toEqual(parts);
    const dense = curvature.toDense(state);
    for (const [i, one] of alone.entries()) {
      const own = one.curvature.toDense(one.state);
      for (let r = 0; r < 6; r++)
        expect(dense.slice((6 * i + r) * 12 + 6 * i, (6 * i + r) * 12 + 6 * i + 6)).toEqual(own.slice(6 * r, 6 * r + 6));
    }
    expect(dense.filter((value) => value !== 0)).toHaveLength(72);
    expect(curvature.report(state, 3).map(({ layer, staleness }) => [layer, staleness])).toEqual([
      ['net/stem', 2],
      ['net', 2],
    ]);
  });

  it('refreshes only the layers that it is told to', () => {
    const later = curvature.absorb(state, batch(2));
    const one = settle(curvature.refresh(later, { step: 2, damping: 0.05, only: new Set(['net']) }));
    expect(one['net/stem/inverseA']).toEqual(state['net/stem/inverseA']);
    expect([one['net/stem/inverseStep'][0], one['net/inverseStep'][0]]).toEqual([1, 2]);
    expect(settle(curvature.refresh(later, { step: 2, damping: 0.05, only: new Set() }))).toEqual(later);
  });
});
