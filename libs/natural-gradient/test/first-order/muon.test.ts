import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { AdamGroup } from '../../src/first-order/adam.ts';
import type { MuonConfig } from '../../src/config.ts';
import { MuonGroup } from '../../src/first-order/muon.ts';
import { constant, numbers } from '../fixtures.ts';
import { entries, inputAt, linalg, orthogonal, polarFactor, single, singularValues, walk } from './peer-runs.ts';

const muon: MuonConfig = {
  method: 'muon',
  learningRate: constant(1),
  weightDecay: 0,
  momentum: 0.95,
  nesterov: true,
  iterations: 5,
  adamParameters: [],
  adamLearningRate: constant(0.01),
};

const groupOf = (config: MuonConfig, parameters = single(4, 6)): MuonGroup =>
  new MuonGroup('w', config, { parameters, totalSteps: 20, linalg });

const first = (group: MuonGroup, g: Float64Array): Float64Array => group.step(group.initialState(), inputAt(1, g)).update;

describe('MuonGroup', () => {
  it.each([1, 2, 3, 4, 5])('moves with singular values in [0.68, 1.13], close to the orthogonal factor, gradient %i', (seed) => {
    const update = first(groupOf(muon), numbers(seed, 24)).map((value) => -value / Math.sqrt(6 / 4));
    const values = singularValues(update, 4, 6);
    expect(values[0]).toBeGreaterThan(0.68);
    expect(values[3]).toBeLessThan(1.135);
    const polar = polarFactor(numbers(seed, 24), 4, 6);
    const product = update.reduce((sum, value, i) => sum + value * polar[i], 0);
    expect(product / (Math.hypot(...update) * Math.hypot(...polar))).toBeGreaterThan(0.97);
  });

  it('keeps the direction of an orthogonal gradient', () => {
    const q = orthogonal(3, 5);
    const update = first(groupOf(muon, single(5, 5)), q);
    const ratio = update[0] / q[0];
    expect(-ratio).toBeGreaterThan(0.68);
    expect(-ratio).toBeLessThan(1.13);
    expectClose(
      update,
      q.map((value) => ratio * value),
      { rel: 1e-12, abs: 1e-12 },
    );
  });

  it('treats a tall matrix as the transpose of a wide one, but scales only where there are more outputs than inputs', () => {
    const g = numbers(8, 24);
    const transposed = Float64Array.from(g, (_, i) => g[(i % 4) * 6 + Math.floor(i / 4)]);
    const wide = first(groupOf(muon, single(4, 6)), g);
    const tall = first(groupOf(muon, single(6, 4)), transposed);
    expectClose(
      Float64Array.from(tall, (_, i) => tall[(i % 6) * 4 + Math.floor(i / 6)] * Math.sqrt(6 / 4)),
      wide,
      { rel: 1e-12, abs: 1e-14 },
    );
  });

  it('follows the published update by hand for a scalar matrix, whose polynomial is a number', () => {
    const polynomial = (x: number): number => 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
    const group = groupOf(muon, single(1, 1));
    let [state, momentum] = [group.initialState(), 0];
    [2, -0.5, -0.4, 1e-8].forEach((g, i) => {
      const output = group.step(state, inputAt(i + 1, Float64Array.of(g)));
      state = output.state;
      momentum += 0.05 * (g - momentum);
      const followed = g + 0.95 * (momentum - g);
      let x = followed / (Math.abs(followed) + 1e-7);
      for (let iteration = 0; iteration < 5; iteration++) x = polynomial(x);
      expectClose(output.update, [-x], { rel: 1e-12 });
    });
  });

  it('leaves vectors and named matrices to Adam, at its own rate', () => {
    const group = groupOf({ ...muon, weightDecay: 0.1, adamParameters: ['filter'] }, entries);
    const adam = new AdamGroup(
      'w',
      { method: 'adam', learningRate: constant(0.01), beta1: 0.9, beta2: 0.95, epsilon: 1e-10, weightDecay: 0.1 },
      { spans: entries, totalSteps: 20 },
    );
    const expected = walk(adam, { size: 42, to: 4 }).updates;
    walk(group, { size: 42, to: 4 }).updates.forEach((update, i) => {
      expectClose(update.subarray(15), expected[i].subarray(15), { rel: 1e-14 });
      expect(Math.abs(update[0] - expected[i][0])).toBeGreaterThan(1e-3);
    });
    expect(Object.keys(group.initialState()).filter((key) => key.startsWith('matrix/'))).toEqual(['matrix/in.weight/momentum']);
  });

  it('decays weights beside the orthogonal step', () => {
    const [plain, decayed] = [0, 0.25].map((weightDecay) => {
      const group = groupOf({ ...muon, weightDecay }, single(2, 2));
      return group.step(group.initialState(), inputAt(1, numbers(1, 4), Float32Array.of(1, 2, 3, 4))).update;
    });
    expectClose(
      decayed,
      plain.map((value, i) => value - 0.25 * (i + 1)),
      { rel: 1e-14 },
    );
  });
});
