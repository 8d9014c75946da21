import * as tf from '@tensorflow/tfjs-core';
import { symmetricEigen } from '@geodesic/linalg';
import { expectClose, flat, loadGolden, rowsOf, type Nested } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { actNorm, affineCoupling, compose, householder, type ChartMap } from '../src/index.ts';
import { jacobianOfRow, pullBack, pushForward, runChart, tensor, type ChartRun } from './run-chart.ts';

const golden = loadGolden('01_affine_coupling');

/** A coupling of the golden file: its scale and shift nets are the two halves of our affine layer. */
function goldenCoupling(
  name: string,
  params: Record<string, Nested>,
  scaleMax: number,
): { map: ChartMap; parameters: ChartRun['parameters'] } {
  const [ws, wt] = [rowsOf(params.Ws), rowsOf(params.Wt)];
  const hidden = ws.length;
  const moved = flat(params.idx_b);
  const kept = flat(params.idx_a);
  return {
    map: affineCoupling({ name, kept, moved, hidden, scaleMax }),
    parameters: {
      [`${name}.hidden.weight`]: tensor([kept.length, hidden], flat(params.W1)),
      [`${name}.hidden.bias`]: tensor([hidden], flat(params.b1)),
      [`${name}.affine.weight`]: tensor(
        [hidden, 2 * moved.length],
        ws.flatMap((row, i) => [...row, ...wt[i]]),
      ),
      [`${name}.affine.bias`]: tensor([2 * moved.length], [...flat(params.bs), ...flat(params.bt)]),
    },
  };
}

describe('affineCoupling', () => {
  const { inputs, outputs, tol } = golden.cases.single_coupling;
  const x = rowsOf(inputs.x);
  const coupling = goldenCoupling('coupling', inputs.params, flat(inputs.s_max)[0]);
  const run: ChartRun = { ...coupling, x: tensor([x.length, x[0].length], flat(x)) };

  it('maps the golden batch and its log-determinants', () => {
    const { value, logDet } = runChart(run);
    expectClose(value, flat(outputs.y), tol);
    expectClose(logDet, flat(outputs.logdet), tol);
  });

  it('inverts the golden batch', () => {
    const back = runChart({ ...run, x: tensor(run.x.shape, flat(outputs.y)) }, 'inverse');
    expectClose(back.value, flat(x), { abs: tol.inverse_abs });
    expectClose(back.logDet, flat(outputs.inverse_logdet), { abs: tol.inverse_abs });
  });

  it('has the golden Jacobian and its products with vectors', () => {
    expectClose(jacobianOfRow(run, 0), flat(outputs.jacobian_sample0), tol);
    expectClose(pullBack(run, flat(inputs.u)), flat(outputs.vjp), tol);
    expectClose(pushForward(run, flat(inputs.v)), flat(outputs.jvp), tol);
  });

  it('starts as the identity with log-determinant zero', () => {
    const { map } = coupling;
    const parameters = Object.fromEntries(
      map.parameters.map(({ name, shape, initializer }) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return [name, tensor(shape, Array<number>(size).fill(initializer.kind === 'constant' ? initializer.value : 0.3))];
      }),
    );
    const { value, logDet } = runChart({ ...run, parameters });
    expect(value).toEqual(flat(x));
    expect(logDet.every((entry) => entry === 0)).toBe(true);
  });
});

describe('compose', () => {
  const { inputs, outputs, tol } = golden.cases.stack_actnorm_perm_coupling_householder_coupling;
  const x = rowsOf(inputs.x);
  const width = x[0].length;
  const scaleMax = flat(inputs.s_max)[0];
  const [a, b] = [goldenCoupling('a', inputs.coupling_A, scaleMax), goldenCoupling('b', inputs.coupling_B, scaleMax)];
  const vectors = rowsOf(inputs.householder_vectors);
  const maps = [
    actNorm({ name: 'norm', width }),
    permutation(flat(inputs.perm)),
    a.map,
    householder({ name: 'mix', width, reflections: vectors.length }),
    b.map,
  ];
  const parameters = {
    ...a.parameters,
    ...b.parameters,
    'norm.logScale': tensor([width], flat(inputs.actnorm.log_scale)),
    'norm.shift': tensor([width], flat(inputs.actnorm.bias)),
    'mix.vectors': tensor([vectors.length, width], flat(vectors)),
  };
  const run: ChartRun = { map: compose(maps), parameters, x: tensor([x.length, width], flat(x)) };

  it('gives the golden value after each map', () => {
    maps.forEach((_, i) => {
      const { value } = runChart({ ...run, map: compose(maps.slice(0, i + 1)) });
      expectClose(value, flat(outputs.after_each).slice(i * x.length * width, (i + 1) * x.length * width), tol);
    });
  });

  it('adds log-determinants and gives the density of a standard normal base', () => {
    const { value, logDet } = runChart(run);
    expectClose(logDet, flat(outputs.logdet), tol);
    const nll = logDet.map((entry, row) => {
      const z = value.slice(row * width, (row + 1) * width);
      return 0.5 * z.reduce((sum, zi) => sum + zi * zi, 0) + 0.5 * width * Math.log(2 * Math.PI) - entry;
    });
    expectClose(nll, flat(outputs.nll_std_normal), tol);
  });

  it('inverts in reverse order', () => {
    const back = runChart({ ...run, x: tensor(run.x.shape, flat(outputs.y)) }, 'inverse');
    expectClose(back.value, flat(outputs.x_from_inverse), tol);
    expectClose(back.logDet, flat(outputs.inverse_logdet), tol);
  });

  it('has the golden Jacobian and singular values', () => {
    const jacobian = jacobianOfRow(run, 0);
    expectClose(jacobian, flat(outputs.jacobian_sample0), tol);
    const gram = Float64Array.from({ length: width * width }, (_, k) => {
      const [i, j] = [Math.floor(k / width), k % width];
      return Array.from({ length: width }, (_, r) => jacobian[r * width + i] * jacobian[r * width + j]).reduce(
        (sum, term) => sum + term,
        0,
      );
    });
    const singular = [...symmetricEigen(gram, width).values].map(Math.sqrt).toReversed();
    expectClose(singular, flat(outputs.jacobian_singular_values_sample0), tol);
  });
});

/** y_k = x_perm(k), as a chart map without parameters. */
function permutation(perm: readonly number[]): ChartMap {
  const pick =
    (order: readonly number[]): ChartMap['forward'] =>
    (_, x) => ({
      value: tf.gather(x, tf.tensor1d([...order], 'int32'), 1),
      logDet: tf.scalar(0),
    });
  const inverse = perm.map((_, k) => perm.indexOf(k));
  return { parameters: [], layers: [], forward: pick(perm), inverse: pick(inverse) };
}
