import { expectClose, flat } from '@geodesic/testing';
import { invertDamped, klScale, multiply } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { examplesOf, fromGolden, golden, inner, lossWith, meansOf, modelMoment, nested, toGolden, toNumber } from './golden-network.ts';

describe('klScale', () => {
  const { inputs, outputs, tol } = golden['step_size'];
  const eta = toNumber(inputs['eta']);
  const bound = toNumber(inputs['kl_clip']);
  const damping = toNumber(inputs['damping']);
  const layers = [0, 1].map((layer) => {
    const { factors, gradient } = meansOf(examplesOf(golden['step_size']), layer, modelMoment);
    return { factors, gradient, direction: multiply(invertDamped(factors, damping)!.inverse, gradient) };
  });
  const product = layers.reduce((sum, { direction, gradient }) => sum + inner(direction, gradient), 0);

  it('clips the step of golden/06 and lowers its loss as stated', () => {
    expectClose(eta ** 2 * product, toNumber(outputs['vFv']), tol);
    const nu = klScale({ bound, learningRate: eta, product });
    expectClose(nu, toNumber(outputs['nu']), tol);
    const after = layers.map(({ factors, direction }, l) => {
      const moved = fromGolden(inputs[`W${l + 1}`]).map((value, i) => value - eta * nu * direction[i]);
      return toGolden(moved, factors.rows, factors.columns);
    });
    for (const [l, weights] of after.entries()) expectClose(weights, flat(outputs[`W${l + 1}_after`]), tol);
    const [w1, w2] = after.map((weights, l) => nested(weights, layers[l].factors.rows));
    expectClose(lossWith(golden['step_size'], w1, w2), toNumber(outputs['loss_after']), tol);
  });

  it('meets the bound exactly when it clips', () => {
    const nu = klScale({ bound: 1e-3, learningRate: eta, product });
    expectClose((eta * nu) ** 2 * product, 1e-3, { rel: 1e-14 });
  });

  it('leaves small, zero and negative products alone', () => {
    for (const small of [1e-9, 0, -1]) expect(klScale({ bound: 1e-3, learningRate: 0.5, product: small })).toBe(1);
    expect(klScale({ bound: 1e-3, learningRate: 0, product: 1e9 })).toBe(1);
  });
});
