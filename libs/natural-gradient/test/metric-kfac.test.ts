import { expectClose, flat } from '@geodesic/testing';
import { dampFactors, invertDamped, type KroneckerFactors, multiply, solveExactlyDamped } from '@geodesic/natural-gradient';
import { describe, it } from 'vitest';
import { denseSolve } from './dense-solve.ts';
import {
  examplesOf,
  exactBlock,
  fromGolden,
  golden,
  localMetric,
  meansOf,
  outputFisher,
  outputMetric,
  pulledBack,
  toGolden,
  toNumber,
} from './golden-network.ts';

const damping = toNumber(golden['kfac_true_fisher'].inputs['damping']);

function factoredUpdate(factors: KroneckerFactors, gradient: Float64Array): Float64Array {
  return toGolden(multiply(invertDamped(factors, damping)!.inverse, gradient), factors.rows, factors.columns);
}

function exactUpdate(factors: KroneckerFactors, gradient: Float64Array): Float64Array {
  return toGolden(solveExactlyDamped(factors, gradient, damping), factors.rows, factors.columns);
}

describe('metric K-FAC', () => {
  it('preconditions with the local metric E[g] (golden/06 form I)', () => {
    const { outputs, tol } = golden['metric_kfac_form_I_local_metric'];
    const examples = examplesOf(golden['metric_kfac_form_I_local_metric']);
    const { factors, gradient } = meansOf(examples, 0, localMetric);
    const damped = dampFactors(factors, damping);
    expectClose(factors.output, flat(outputs['S']), tol);
    expectClose(damped.pi, toNumber(outputs['pi']), tol);
    expectClose(damped.factors.input, flat(outputs['A_damped']), tol);
    expectClose(damped.factors.output, flat(outputs['S_damped']), tol);
    expectClose(factoredUpdate(factors, gradient), flat(outputs['update_factored_tikhonov']), tol);
    expectClose(exactUpdate(factors, gradient), flat(outputs['update_eigenbasis_exact_damping']), tol);
    const exact = denseSolve(exactBlock(examples, 0, localMetric), gradient, damping);
    expectClose(toGolden(exact, 4, 4), flat(outputs['update_exact_block']), tol);
  });

  it('preconditions with the pulled-back output metric (golden/06 form II)', () => {
    const { outputs, tol } = golden['metric_kfac_form_II_pulled_back_output_metric'];
    const examples = examplesOf(golden['metric_kfac_form_II_pulled_back_output_metric']);
    expectClose(
      examples.flatMap((one) => outputMetric(one).flat()),
      flat(outputs['g2']),
      tol,
    );
    const { factors, gradient } = meansOf(examples, 0, (one) => pulledBack(outputMetric(one), one.jacobian));
    expectClose(factors.output, flat(outputs['S1']), tol);
    expectClose(factoredUpdate(factors, gradient), flat(outputs['update_factored_tikhonov']), tol);
  });

  it('is K-FAC when the metric is the output Fisher', () => {
    const examples = examplesOf(golden['kfac_true_fisher']);
    const { factors, gradient } = meansOf(examples, 0, (one) => pulledBack(outputFisher(one), one.jacobian));
    const kfac = golden['kfac_true_fisher'].outputs['layer1']['update_factored_tikhonov'];
    expectClose(multiply(invertDamped(factors, damping)!.inverse, gradient), fromGolden(kfac), { abs: 1e-9, rel: 1e-9 });
  });
});
