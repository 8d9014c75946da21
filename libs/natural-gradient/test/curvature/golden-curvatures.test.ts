import { expectClose, flat } from '@geodesic/testing';
import { createCurvature, type CurvatureConfig } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import {
  type Example,
  examplesOf,
  fromGolden,
  golden,
  labelMoment,
  localMetric,
  meansOf,
  modelMoment,
  nested,
  outputMetric,
  pulledBack,
  sumsOf as kroneckerSums,
  toGolden,
  toMatrix,
  toNumber,
} from '../golden-network.ts';
import { type LayerCase, layerOf, outerSum, refreshedOn, settle, times } from './layer-cases.ts';

const truth = golden['kfac_true_fisher'];
const damping = toNumber(truth.inputs['damping']);
const examples = examplesOf(truth);
const kfac: CurvatureConfig = { method: 'kfac', factorDecay: 0.95 };

/** Backpropagated vectors of the exact Fisher: sqrt(p_k) (p - e_k) at the logits, pulled back to layer 0. */
function exactCases(layer: 0 | 1): LayerCase[] {
  return examples.map((one) => ({ a: one.inputs[layer], g: logitRoots(one).map((root) => (layer === 1 ? root : pullBack(one, root))) }));
}

function logitRoots({ p }: Example): number[][] {
  return p.map((weight, k) => p.map((value, j) => Math.sqrt(weight) * (value - (j === k ? 1 : 0))));
}

function pullBack({ jacobian }: Example, root: readonly number[]): number[] {
  return jacobian[0].map((_, j) => jacobian.reduce((sum, row, k) => sum + row[j] * root[k], 0));
}

function labelCases(layer: 0 | 1): LayerCase[] {
  return examples.map((one) => ({ a: one.inputs[layer], g: [one.deltas[layer]] }));
}

function shapeOf(layer: 0 | 1): { rows: number; columns: number } {
  return { rows: examples[0].inputs[layer].length, columns: examples[0].deltas[layer].length };
}

/** The update in golden's order [O, I + 1]. */
function updateOf(config: CurvatureConfig, layer: 0 | 1, cases: readonly LayerCase[] = exactCases(layer)): Float64Array {
  const { rows, columns } = shapeOf(layer);
  const { curvature, state } = refreshedOn(config, cases, { layer: layerOf({ rows, columns }), damping });
  return toGolden(curvature.solve(state, meansOf(examples, layer, labelMoment).gradient), rows, columns);
}

describe.each([0, 1] as const)('curvatures of layer %i of golden/06', (layer) => {
  const expected = truth.outputs[`layer${layer + 1}`];

  it('K-FAC damps by pi and in the eigenbasis', () => {
    expectClose(updateOf(kfac, layer), flat(expected['update_factored_tikhonov']), truth.tol);
    expectClose(updateOf({ ...kfac, dampingRule: 'eigenbasis' }, layer), flat(expected['update_eigenbasis_exact_damping']), truth.tol);
  });

  it('K-FAC of the empirical Fisher too', () => {
    const empirical = golden['kfac_empirical_fisher'];
    const own = empirical.outputs[`layer${layer + 1}`];
    expectClose(updateOf(kfac, layer, labelCases(layer)), flat(own['update_factored_tikhonov']), empirical.tol);
    const exactly = updateOf({ ...kfac, dampingRule: 'eigenbasis' }, layer, labelCases(layer));
    expectClose(exactly, flat(own['update_eigenbasis_exact_damping']), empirical.tol);
  });

  it('reports the pi of the golden file, and is as far from the exact block as that says', () => {
    const { curvature, state } = refreshedOn(kfac, exactCases(layer), { layer: layerOf(shapeOf(layer)), damping });
    expectClose(curvature.report(state, 1)[0].pi ?? 0, toNumber(expected['pi']), truth.tol);
    const { curvature: exact, state: known } = refreshedOn({ ...kfac, method: 'block' }, exactCases(layer), {
      layer: layerOf(shapeOf(layer)),
      damping,
    });
    const [dense, block] = [curvature.toDense(state), exact.toDense(known)];
    const error = Math.hypot(...block.map((value, i) => value - dense[i])) / Math.hypot(...block);
    expectClose(error, toNumber(expected['kron_rel_error']), truth.tol);
  });

  it('EK-FAC uses the exact second moments in the eigenbasis', () => {
    expectClose(updateOf({ method: 'ekfac', factorDecay: 0.95 }, layer), flat(truth.outputs[`ekfac_update${layer + 1}`]), truth.tol);
  });

  it('EK-FAC is off by float32 where its basis travels in float32', () => {
    const { rows, columns } = shapeOf(layer);
    const options = { layer: layerOf({ rows, columns }), damping, tools: { precision: 'float32' as const } };
    const { curvature, state } = refreshedOn({ method: 'ekfac', factorDecay: 0.95 }, exactCases(layer), options);
    const update = toGolden(curvature.solve(state, meansOf(examples, layer, labelMoment).gradient), rows, columns);
    expectClose(update, flat(truth.outputs[`ekfac_update${layer + 1}`]), { rel: truth.tol['float32_rel'], abs: 1e-5 });
  });

  it('the dense block solves exactly', () => {
    expectClose(updateOf({ method: 'block', factorDecay: 0.95 }, layer), flat(expected['update_exact_block']), truth.tol);
  });

  it.each([
    ['fisher_diag', truth, exactCases(layer)],
    ['empirical_fisher_diag', golden['kfac_empirical_fisher'], labelCases(layer)],
  ] as const)('the diagonal is %s', (name, { outputs, tol }, cases) => {
    const { rows, columns } = shapeOf(layer);
    const { curvature, state } = refreshedOn({ method: 'diagonal', factorDecay: 0.95 }, cases, {
      layer: layerOf({ rows, columns }),
      damping,
    });
    const diagonal = curvature.multiply(state, new Float64Array(rows * columns).fill(1));
    expectClose(toGolden(diagonal, rows, columns), flat(outputs[`${name}${layer + 1}`]), tol);
  });
});

/** vec of golden's [O, I + 1] matrices of both layers, one for each root of each example. */
function wholeGradients(): number[][] {
  const flatten = (one: Example, layer: 0 | 1, g: readonly number[]): number[] => g.flatMap((out) => one.inputs[layer].map((a) => out * a));
  return examples.flatMap((one) => logitRoots(one).map((root) => [...flatten(one, 0, pullBack(one, root)), ...flatten(one, 1, root)]));
}

describe('DenseCurvature', () => {
  it('has the exact block of layer 1 (golden/06), in the order of theta', () => {
    const { curvature, state } = refreshedOn({ method: 'block', factorDecay: 0 }, exactCases(0), { layer: layerOf(shapeOf(0)), damping });
    const order = toGolden(
      Float64Array.from({ length: 16 }, (_, i) => i),
      4,
      4,
    );
    const dense = nested(curvature.toDense(state), 16);
    const inGoldenOrder = [...order].flatMap((i) => [...order].map((j) => dense[i][j]));
    expectClose(inGoldenOrder, flat(truth.outputs['exact_block_fisher_layer1']), truth.tol);
  });

  it('is the full natural gradient over both layers as one block', () => {
    const layer = layerOf({ rows: 31, columns: 1 });
    const curvature = createCurvature({ method: 'block', factorDecay: 0 }, [layer], {});
    const statistics = new Map([['F/l', outerSum(wholeGradients(), 31)]]);
    const known = curvature.absorb(curvature.initialState(), { step: 1, count: examples.length, statistics });
    const state = settle(curvature.refresh(known, { step: 1, damping }));
    const gradient = [0, 1].flatMap((l) => {
      const { gradient: mean, factors } = meansOf(examples, l, labelMoment);
      return [...toGolden(mean, factors.rows, factors.columns)];
    });
    expectClose(curvature.solve(state, Float64Array.from(gradient)), flat(truth.outputs['full_natural_gradient_damped']), truth.tol);
    const trace = curvature.toDense(state).reduce((sum, value, i) => (i % 32 === 0 ? sum + value : sum), 0);
    expectClose(trace, toNumber(truth.outputs['full_fisher_trace']), truth.tol);
  });
});

/** A curvature that absorbed the sums of layer 1 under a metric. */
function withMetric(config: CurvatureConfig, moment: (one: Example, layer: number) => readonly (readonly number[])[]) {
  const curvature = createCurvature(config, [layerOf({ rows: 4, columns: 4 })], {});
  const { input, output } = kroneckerSums(examples, 0, moment);
  const statistics = new Map([
    ['A/l', input],
    ['S/l', output],
  ]);
  const known = curvature.absorb(curvature.initialState(), { step: 1, count: examples.length, statistics });
  return { curvature, state: settle(curvature.refresh(known, { step: 1, damping })) };
}

describe('metric K-FAC', () => {
  const { gradient } = meansOf(examples, 0, labelMoment);
  const metric: CurvatureConfig = { method: 'metric-kfac', factorDecay: 0.95 };

  it('follows golden/06 form I, damped by pi and in the eigenbasis', () => {
    const { outputs, tol } = golden['metric_kfac_form_I_local_metric'];
    const byPi = withMetric(metric, localMetric);
    expectClose(toGolden(byPi.curvature.solve(byPi.state, gradient), 4, 4), flat(outputs['update_factored_tikhonov']), tol);
    expectClose(byPi.state['l/S'], flat(outputs['S']), tol);
    const exactly = withMetric({ ...metric, dampingRule: 'eigenbasis' }, localMetric);
    expectClose(toGolden(exactly.curvature.solve(exactly.state, gradient), 4, 4), flat(outputs['update_eigenbasis_exact_damping']), tol);
  });

  it('follows golden/06 form II', () => {
    const { outputs, tol } = golden['metric_kfac_form_II_pulled_back_output_metric'];
    const { curvature, state } = withMetric(metric, (one) => pulledBack(outputMetric(one), one.jacobian));
    expectClose(toGolden(curvature.solve(state, gradient), 4, 4), flat(outputs['update_factored_tikhonov']), tol);
    expectClose(state['l/S'], flat(outputs['S1']), tol);
  });
});

describe('KroneckerCurvature over time', () => {
  it('averages as golden/06 ema_bias_corrected', () => {
    const { inputs, outputs, tol } = golden['ema_bias_corrected'];
    const sequence = inputs['sequence'] as unknown as number[][][];
    const curvature = createCurvature({ method: 'kfac', factorDecay: toNumber(inputs['rho']) }, [layerOf({ rows: 4, columns: 1 })], {});
    let state = curvature.initialState();
    const means = sequence.map((a, i) => {
      const statistics = new Map<string, ArrayLike<number>>([
        ['A/l', a.flat().map((value) => 7 * value)],
        ['S/l', [7]],
      ]);
      state = curvature.absorb(state, { step: i + 1, count: 7, statistics });
      return [...state['l/A']];
    });
    expectClose(means.flat(), flat(outputs['corrected']), tol);
  });

  it('is the same from the sums of two workers as from one (golden/06 two_worker_additivity)', () => {
    const { inputs, outputs, tol } = golden['two_worker_additivity'];
    const shards = toMatrix(inputs['shards']).map((indices) => indices.map((n) => examples[n]));
    const curvature = createCurvature(kfac, [layerOf({ rows: 4, columns: 4 })], {});
    const parts = shards.map((shard) => kroneckerSums(shard, 0, modelMoment));
    const added = (key: 'input' | 'output'): Float64Array => parts[0][key].map((value, i) => value + parts[1][key][i]);
    const statistics = new Map([
      ['A/l', added('input')],
      ['S/l', added('output')],
    ]);
    const state = curvature.absorb(curvature.initialState(), { step: 1, count: examples.length, statistics });
    expectClose(state['l/A'], flat(outputs['aggregate']['A0']), tol);
    expectClose(state['l/S'], flat(outputs['aggregate']['S1']), tol);
  });

  it('maps the undamped update to Phi U Omega^-1 (golden/06 affine_covariance)', () => {
    const { inputs, outputs, tol } = golden['affine_covariance'];
    const undamped = (a: readonly number[], s: readonly number[], gradient: Float64Array): Float64Array => {
      // Damping by the metric without a damping is no damping.
      const curvature = createCurvature({ ...kfac, dampingRule: 'metric' }, [layerOf({ rows: 4, columns: 4 })], { relativeRidge: 0 });
      const statistics = new Map<string, ArrayLike<number>>([
        ['A/l', a],
        ['S/l', s],
        ['M/l', s],
      ]);
      const known = curvature.absorb(curvature.initialState(), { step: 1, count: 1, statistics });
      return toGolden(curvature.solve(settle(curvature.refresh(known, { step: 1, damping: 0 })), gradient), 4, 4);
    };
    const before = undamped(flat(inputs['A']), flat(inputs['S']), fromGolden(inputs['dW']));
    const after = undamped(flat(outputs['A_prime']), flat(outputs['S_prime']), fromGolden(outputs['dW_prime']));
    expectClose(before, flat(outputs['update']), tol);
    expectClose(after, flat(outputs['update_prime']), tol);
    expectClose(after, flat(outputs['Phi_update_Omega_inv']), tol);
  });
});

describe('the product with the dense matrix', () => {
  it('is multiply, in golden/06', () => {
    const { curvature, state } = refreshedOn(kfac, exactCases(0), { layer: layerOf(shapeOf(0)), damping });
    const v = Float64Array.from({ length: 16 }, (_, i) => Math.cos(i));
    expectClose(curvature.multiply(state, v), times(curvature.toDense(state), v), { abs: 1e-13 });
    expect(curvature.size).toBe(16);
  });
});
