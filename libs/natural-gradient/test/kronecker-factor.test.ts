import { expectClose, flat, type Nested } from '@geodesic/testing';
import { invertDamped, multiply, toDense } from '@geodesic/natural-gradient';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  examplesOf,
  exactBlock,
  fromGolden,
  golden,
  labelMoment,
  localMetric,
  lossWith,
  meansOf,
  modelMoment,
  sumsOf,
  toGolden,
  toMatrix,
  toNumber,
} from './golden-network.ts';

const layers = [0, 1] as const;

describe('the golden network', () => {
  it('agrees with golden/06 forward_backward', () => {
    const { outputs, tol } = golden['forward_backward'];
    const examples = examplesOf(golden['forward_backward']);
    for (const key of ['z1', 'h', 'z2', 'p'] as const)
      expectClose(
        examples.flatMap((one) => [...one[key]]),
        flat(outputs[key]),
        tol,
      );
    for (const layer of layers) {
      expectClose(
        examples.flatMap((one) => [...one.deltas[layer]]),
        flat(outputs[`delta${layer + 1}`]),
        tol,
      );
      const { gradient, factors } = meansOf(examples, layer, labelMoment);
      expectClose(toGolden(gradient, factors.rows, factors.columns), flat(outputs[`dW${layer + 1}`]), tol);
    }
    const { inputs } = golden['forward_backward'];
    expectClose(lossWith(golden['forward_backward'], toMatrix(inputs['W1']), toMatrix(inputs['W2'])), toNumber(outputs['loss']), tol);
  });
});

describe('KroneckerFactors', () => {
  it.each(['kfac_true_fisher', 'kfac_empirical_fisher'])('has the A and S of golden/06 %s', (name) => {
    const { outputs, tol } = golden[name];
    for (const layer of layers) {
      const { factors } = meansOf(examplesOf(golden[name]), layer, name === 'kfac_true_fisher' ? modelMoment : labelMoment);
      expectClose(factors.input, flat(outputs[`layer${layer + 1}`]['A']), tol);
      expectClose(factors.output, flat(outputs[`layer${layer + 1}`]['S']), tol);
    }
  });

  it('adds over two workers as sums, with counts', () => {
    const { inputs, outputs, tol } = golden['two_worker_additivity'];
    const examples = examplesOf(golden['two_worker_additivity']);
    const shards = toMatrix(inputs['shards']).map((indices) => indices.map((n) => examples[n]));
    for (const layer of layers) {
      const parts = shards.map((shard) => sumsOf(shard, layer, modelMoment));
      const aggregate = (key: 'gradient' | 'input' | 'output'): Float64Array =>
        parts[0][key].map((value, i) => (value + parts[1][key][i]) / examples.length);
      const { rows, columns } = meansOf(examples, layer, modelMoment).factors;
      expectClose(toGolden(aggregate('gradient'), rows, columns), flat(outputs['aggregate'][`dW${layer + 1}`]), tol);
      expectClose(aggregate('input'), flat(outputs['aggregate'][`A${layer}`]), tol);
      expectClose(aggregate('output'), flat(outputs['aggregate'][`S${layer + 1}`]), tol);
      for (const [w, part] of parts.entries()) {
        const worker = (outputs['workers'] as unknown as Record<string, number>[])[w];
        expectClose(toGolden(part.gradient, rows, columns), flat(worker[`sum_dW${layer + 1}`]), tol);
        expectClose(part.input, flat(worker[`sum_A${layer}`]), tol);
        expectClose(part.output, flat(worker[`sum_S${layer + 1}`]), tol);
      }
    }
    const metrics = shards.map((shard) => sumsOf(shard, 0, localMetric).output);
    const metric = metrics[0].map((value, i) => (value + metrics[1][i]) / examples.length);
    expectClose(metric, flat(outputs['aggregate']['S1_metric']), tol);
  });

  it('is not replaced by averaging the preconditioned updates of the workers, even weighted by their counts', () => {
    const { inputs, outputs } = golden['two_worker_additivity'];
    const damping = toNumber(inputs['damping']);
    const examples = examplesOf(golden['two_worker_additivity']);
    const updateOf = (shard: typeof examples): Float64Array => {
      const { factors, gradient } = meansOf(shard, 0, modelMoment);
      const found = invertDamped(factors, damping);
      return toGolden(multiply(found!.inverse, gradient), factors.rows, factors.columns);
    };
    const shards = toMatrix(inputs['shards']).map((indices) => indices.map((n) => examples[n]));
    const weighted = shards.map((shard) => updateOf(shard).map((value) => (value * shard.length) / examples.length));
    const averaged = weighted[0].map((value, i) => value + weighted[1][i]);
    const together = updateOf(examples);
    expectClose(averaged, flat(outputs['averaged_per_worker_updates_is_not_the_same_update1']), { abs: 1e-9, rel: 1e-9 });
    expect(Math.max(...averaged.map((value, i) => Math.abs(value - together[i])))).toBeGreaterThan(0.1);
  });
});

describe('toDense', () => {
  it('is as far from the exact block as golden/06 says', () => {
    const { outputs, tol } = golden['kfac_true_fisher'];
    const examples = examplesOf(golden['kfac_true_fisher']);
    for (const layer of layers) {
      const exact = exactBlock(examples, layer, modelMoment);
      const dense = toDense(meansOf(examples, layer, modelMoment).factors);
      const error = Math.hypot(...exact.map((value, i) => value - dense[i])) / Math.hypot(...exact);
      expectClose(error, toNumber(outputs[`layer${layer + 1}`]['kron_rel_error']), tol);
    }
  });

  it('acts on the row-major matrix as multiply does', () => {
    const entry = fc.double({ min: -2, max: 2, noNaN: true });
    const shape = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
    const cases = shape.chain(([rows, columns]) =>
      fc.tuple(
        fc.constant({ rows, columns }),
        fc.array(entry, { minLength: rows * rows, maxLength: rows * rows }),
        fc.array(entry, { minLength: columns * columns, maxLength: columns * columns }),
        fc.array(entry, { minLength: rows * columns, maxLength: rows * columns }),
      ),
    );
    fc.assert(
      fc.property(cases, ([{ rows, columns }, a, s, v]) => {
        const factors = { rows, columns, input: symmetric(a, rows), output: symmetric(s, columns) };
        const dense = toDense(factors);
        const expected = v.map((_, i) => v.reduce((sum, value, j) => sum + dense[i * v.length + j] * value, 0));
        expectClose(multiply(factors, Float64Array.from(v)), expected, { abs: 1e-12 });
      }),
      { seed: 6 },
    );
  });
});

function undampedUpdate(a: Nested, s: Nested, gradient: Nested): Float64Array {
  const factors = { rows: 4, columns: 4, input: Float64Array.from(flat(a)), output: Float64Array.from(flat(s)) };
  return toGolden(multiply(invertDamped(factors, 0)!.inverse, fromGolden(gradient)), 4, 4);
}

describe('affine covariance', () => {
  it('maps the undamped update to Phi U Omega^-1 (golden/06)', () => {
    const { inputs, outputs, tol } = golden['affine_covariance'];
    expectClose(undampedUpdate(inputs['A'], inputs['S'], inputs['dW']), flat(outputs['update']), tol);
    const moved = undampedUpdate(outputs['A_prime'], outputs['S_prime'], outputs['dW_prime']);
    expectClose(moved, flat(outputs['update_prime']), tol);
    expectClose(moved, flat(outputs['Phi_update_Omega_inv']), tol);
  });
});

function symmetric(values: readonly number[], n: number): Float64Array {
  return Float64Array.from(values, (value, i) => value + values[(i % n) * n + Math.floor(i / n)]);
}
