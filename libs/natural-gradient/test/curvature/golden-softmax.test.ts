/** Softmax regression of golden/07: the Fisher matrix is the Hessian, singular along the gauge directions. */
import { symmetricEigen } from '@geodesic/linalg';
import { expectClose, flat, loadGolden } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { toGolden, toMatrix, toNumber } from '../golden-network.ts';
import { type LayerCase, layerOf, refreshedOn } from './layer-cases.ts';

const { inputs, outputs, tol } = loadGolden('07_softmax_fisher').cases['full_fisher'];
const damping = toNumber(inputs['damping']);
const labels = flat(inputs['y']);
const features = toMatrix(inputs['X']).map((x) => [...x, 1]);
const layer = layerOf({ rows: 5, columns: 3 });

function probabilities(w: readonly (readonly number[])[], x: readonly number[]): number[] {
  const z = w.map((row) => row.reduce((sum, value, i) => sum + value * x[i], 0));
  const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
  return z.map((value) => Math.exp(value) / total);
}

const p = features.map((x) => probabilities(toMatrix(inputs['W']), x));
const exact: LayerCase[] = features.map((a, n) => ({
  a,
  g: p[n].map((weight, k) => p[n].map((value, j) => Math.sqrt(weight) * (value - (j === k ? 1 : 0)))),
}));
const empirical: LayerCase[] = features.map((a, n) => ({ a, g: [p[n].map((value, j) => value - (j === labels[n] ? 1 : 0))] }));

const gradient = Float64Array.from({ length: 15 }, (_, at) => {
  const [i, o] = [Math.floor(at / 3), at % 3];
  return empirical.reduce((sum, { a, g }) => sum + a[i] * g[0][o], 0) / features.length;
});
/** Entry of theta's order that stands at each place of golden's. */
const order = [
  ...toGolden(
    Float64Array.from({ length: 15 }, (_, i) => i),
    5,
    3,
  ),
];
const goldenMatrix = (dense: Float64Array): number[] => order.flatMap((i) => order.map((j) => dense[i * 15 + j]));

describe('DenseCurvature on golden/07', () => {
  const { curvature, state } = refreshedOn({ method: 'block', factorDecay: 0.95 }, exact, { layer, damping });

  it('has the gradient and the Fisher matrix of the file, of rank 10', () => {
    expectClose(toGolden(gradient, 5, 3), flat(outputs['grad']), tol);
    expectClose(goldenMatrix(curvature.toDense(state)), flat(outputs['fisher']), tol);
    const { values } = symmetricEigen(curvature.toDense(state), 15);
    expectClose(values, flat(outputs['eigenvalues']), { ...tol, abs: 1e-12 });
    expect(values.filter((value) => value > 1e-10)).toHaveLength(toNumber(outputs['rank']));
  });

  it('solves for the damped natural gradient', () => {
    expectClose(toGolden(curvature.solve(state, gradient), 5, 3), flat(outputs['natural_gradient_damped']), tol);
  });

  it('goes to the pseudo-inverse as the damping vanishes, although the matrix is singular', () => {
    const almost = refreshedOn({ method: 'block', factorDecay: 0.95 }, exact, { layer, damping: 1e-10 });
    const update = toGolden(almost.curvature.solve(almost.state, gradient), 5, 3);
    expectClose(update, flat(outputs['natural_gradient_pinv']), { rel: 1e-6, abs: 1e-6 });
    const after = toMatrix(inputs['W']).map((row, k) => row.map((value, i) => value - 0.5 * update[k * 5 + i]));
    const losses = features.map((x, n) => -Math.log(probabilities(after, x)[labels[n]]));
    const loss = losses.reduce((sum, value) => sum + value, 0) / features.length;
    expectClose(loss, toNumber(outputs['loss_after_pinv_half_step']), { rel: tol['pinv_rel'] });
  });

  it('measures the KL divergence of a small step', () => {
    const small = flat(inputs['small_step']);
    const step = Float64Array.from({ length: 15 }, (_, at) => small[(at % 3) * 5 + Math.floor(at / 3)]);
    const product = curvature.multiply(state, step);
    const half = step.reduce((sum, value, i) => sum + value * product[i], 0) / 2;
    expectClose(half, toNumber(outputs['half_quadratic_form']), tol);
    expectClose(half, toNumber(outputs['kl_small_step']), { rel: tol['kl_vs_quadratic_rel'] });
  });

  it('has the empirical Fisher of the data labels', () => {
    const own = refreshedOn({ method: 'block', factorDecay: 0.95 }, empirical, { layer, damping });
    expectClose(goldenMatrix(own.curvature.toDense(own.state)), flat(outputs['empirical_fisher']), tol);
  });

  it.each([
    ['fisher_diag', exact],
    ['empirical_fisher_diag', empirical],
  ] as const)('has the diagonal %s in DiagonalCurvature', (name, cases) => {
    const own = refreshedOn({ method: 'diagonal', factorDecay: 0.95 }, cases, { layer, damping });
    const ones = new Float64Array(15).fill(1);
    expectClose(toGolden(own.curvature.multiply(own.state, ones), 5, 3), flat(outputs[name]), tol);
  });
});
