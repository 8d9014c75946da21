import { expectClose, flat } from '@geodesic/testing';
import { dampFactors, invertDamped, type KroneckerFactors, multiply, solveExactlyDamped } from '@geodesic/natural-gradient';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examplesOf, golden, labelMoment, meansOf, modelMoment, toGolden, toNumber } from './golden-network.ts';

const damping = toNumber(golden['kfac_true_fisher'].inputs['damping']);

function factoredUpdate(factors: KroneckerFactors, gradient: Float64Array): Float64Array {
  return toGolden(multiply(invertDamped(factors, damping)!.inverse, gradient), factors.rows, factors.columns);
}

describe('dampFactors', () => {
  const { outputs, tol } = golden['kfac_true_fisher'];

  it.each([0, 1])('splits the damping by pi as golden/06 kfac_true_fisher does in layer %i', (layer) => {
    const expected = outputs[`layer${layer + 1}`];
    const { factors, gradient } = meansOf(examplesOf(golden['kfac_true_fisher']), layer, modelMoment);
    const damped = dampFactors(factors, damping);
    expectClose(damped.pi, toNumber(expected['pi']), tol);
    expectClose(damped.factors.input, flat(expected['A_damped']), tol);
    expectClose(damped.factors.output, flat(expected['S_damped']), tol);
    const found = invertDamped(factors, damping);
    expect(found?.counters.float64).toBe(2);
    expectClose(found!.inverse.input, flat(expected['A_damped_inv']), tol);
    expectClose(found!.inverse.output, flat(expected['S_damped_inv']), tol);
    expectClose(factoredUpdate(factors, gradient), flat(expected['update_factored_tikhonov']), tol);
  });

  it.each([0, 1])('preconditions with the empirical Fisher as golden/06 does in layer %i', (layer) => {
    const expected = golden['kfac_empirical_fisher'].outputs[`layer${layer + 1}`];
    const { factors, gradient } = meansOf(examplesOf(golden['kfac_empirical_fisher']), layer, labelMoment);
    expectClose(dampFactors(factors, damping).pi, toNumber(expected['pi']), golden['kfac_empirical_fisher'].tol);
    expectClose(factoredUpdate(factors, gradient), flat(expected['update_factored_tikhonov']), golden['kfac_empirical_fisher'].tol);
  });

  it('gives the same step when loss and damping are rescaled together', () => {
    const { factors, gradient } = meansOf(examplesOf(golden['kfac_true_fisher']), 0, modelMoment);
    const before = multiply(invertDamped(factors, damping)!.inverse, gradient);
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (c) => {
        const scaled = { ...factors, output: factors.output.map((value) => c * value) };
        const after = multiply(
          invertDamped(scaled, c * damping)!.inverse,
          gradient.map((value) => c * value),
        );
        expectClose(after, before, { rel: 1e-10, abs: 1e-12 });
      }),
      { seed: 7 },
    );
  });

  it('falls back to sqrt(lambda) I on both sides when a factor is zero', () => {
    const factors = { rows: 2, columns: 2, input: Float64Array.of(2, 1, 1, 3), output: new Float64Array(4) };
    const damped = dampFactors(factors, 0.04);
    expect(damped.pi).toBe(1);
    expectClose(damped.factors.input, [0.2, 0, 0, 0.2], { abs: 1e-16 });
    expectClose(damped.factors.output, [0.2, 0, 0, 0.2], { abs: 1e-16 });
  });

  it('is exact beside a 1 x 1 factor', () => {
    const matrix = Float64Array.of(2, 1, 1, 3);
    const v = Float64Array.of(0.3, -0.7);
    const shapes: KroneckerFactors[] = [
      { rows: 1, columns: 2, input: Float64Array.of(0.5), output: matrix },
      { rows: 2, columns: 1, input: matrix, output: Float64Array.of(0.5) },
      { rows: 1, columns: 1, input: Float64Array.of(0.5), output: Float64Array.of(0.25) },
    ];
    for (const factors of shapes) {
      const gradient = v.slice(0, factors.rows * factors.columns);
      const exact = solveExactlyDamped(factors, gradient, 0.1);
      expectClose(multiply(invertDamped(factors, 0.1)!.inverse, gradient), exact, { rel: 1e-13 });
    }
  });
});
