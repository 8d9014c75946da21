import { expectClose, flat } from '@geodesic/testing';
import { type KroneckerFactors, solveExactlyDamped } from '@geodesic/natural-gradient';
import { describe, it } from 'vitest';
import { denseSolve } from './dense-solve.ts';
import { examplesOf, exactBlock, golden, labelMoment, meansOf, modelMoment, toGolden, toNumber } from './golden-network.ts';

const damping = toNumber(golden['kfac_true_fisher'].inputs['damping']);

function exactUpdate(factors: KroneckerFactors, gradient: Float64Array): Float64Array {
  return toGolden(solveExactlyDamped(factors, gradient, damping), factors.rows, factors.columns);
}

describe('solveExactlyDamped', () => {
  it('solves the damped Kronecker system of golden/06 in the eigenbasis', () => {
    const { outputs, tol } = golden['kfac_true_fisher'];
    for (const layer of [0, 1]) {
      const { factors, gradient } = meansOf(examplesOf(golden['kfac_true_fisher']), layer, modelMoment);
      expectClose(exactUpdate(factors, gradient), flat(outputs[`layer${layer + 1}`]['update_eigenbasis_exact_damping']), tol);
    }
  });

  it.each([0, 1])('solves it with the empirical Fisher in layer %i', (layer) => {
    const { outputs, tol } = golden['kfac_empirical_fisher'];
    const { factors, gradient } = meansOf(examplesOf(golden['kfac_empirical_fisher']), layer, labelMoment);
    expectClose(exactUpdate(factors, gradient), flat(outputs[`layer${layer + 1}`]['update_eigenbasis_exact_damping']), tol);
  });

  it('stands beside the exact block of golden/06, solved densely', () => {
    const { outputs, tol } = golden['kfac_true_fisher'];
    const examples = examplesOf(golden['kfac_true_fisher']);
    for (const layer of [0, 1]) {
      const { factors, gradient } = meansOf(examples, layer, modelMoment);
      const update = denseSolve(exactBlock(examples, layer, modelMoment), gradient, damping);
      expectClose(toGolden(update, factors.rows, factors.columns), flat(outputs[`layer${layer + 1}`]['update_exact_block']), tol);
    }
  });

  it('takes eigenvalues below zero for zero', () => {
    const factors = { rows: 1, columns: 1, input: Float64Array.of(-1e-18), output: Float64Array.of(1) };
    expectClose(solveExactlyDamped(factors, Float64Array.of(1), 1e-3), [1000], { rel: 1e-15 });
  });
});
