import { symmetricEigen } from '@geodesic/linalg';
import { expectClose, flat, loadGolden, rowsOf, type Nested } from '@geodesic/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  actNorm,
  affineCoupling,
  compose,
  gaussianLogDensity,
  gramLogVolume,
  householder,
  jacobianOf,
  luLinear,
  pad,
  permutation,
  pullBack as chartPullBack,
  pulledBackMetric,
  rectangularEmbedding,
  splitColumns,
  type ChartMap,
} from '../src/index.ts';
import { evaluateFunction } from './evaluate-function.ts';
import { jacobianOfRow, pullBack, pushForward, runChart, runChartNatively, tangentOnGraph, tensor, type ChartRun } from './run-chart.ts';
import { runOnnx } from './run-onnx.ts';

const golden = loadGolden('01_affine_coupling');

/** Golden 01 gives no float32 tolerance; that of the reconstruction in spec A1 holds for all of it. */
const float32 = { abs: 1e-4, rel: 1e-5 };

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

  it('has the golden Jacobian and its products with vectors, in closed form and on the graph', () => {
    expectClose(jacobianOfRow(run, 0), flat(outputs.jacobian_sample0), tol);
    expectClose(pullBack(run, flat(inputs.u)), flat(outputs.vjp), tol);
    expectClose(pushForward(run, flat(inputs.v)), flat(outputs.jvp), tol);
    expectClose(tangentOnGraph(run, flat(inputs.v)), flat(outputs.jvp), tol);
    const { jacobian, vjp } = evaluateFunction(
      (t) => ({ jacobian: jacobianOf(run.map, t, t.x), vjp: chartPullBack(run.map, t, { x: t.x, u: t.u }) }),
      { ...run.parameters, x: run.x, u: tensor(run.x.shape, flat(inputs.u)) },
    );
    expectClose(jacobian.slice(0, 36), flat(outputs.jacobian_sample0), tol);
    expectClose(vjp, flat(outputs.vjp), tol);
  });

  it('does so natively in float32', async () => {
    const found = await runChartNatively(run, { y: flat(outputs.y), v: flat(inputs.v) });
    expectClose(found.value, flat(outputs.y), float32);
    expectClose(found.logDet, flat(outputs.logdet), float32);
    expectClose(found.back, flat(x), float32);
    expectClose(found.tangent, flat(outputs.jvp), float32);
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
      expectClose(value, rowsOf(outputs.after_each[i]).flat(), tol);
    });
  });

  it('adds log-determinants and gives the density of a standard normal base', () => {
    expectClose(runChart(run).logDet, flat(outputs.logdet), tol);
    const { nll } = evaluateFunction(
      (t) => {
        const { value, logDet } = run.map.forward(t, t.x);
        return { nll: tf.neg(tf.add(gaussianLogDensity(value), logDet)) };
      },
      { ...parameters, x: run.x },
    );
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
    const columns = Array.from({ length: width }, (_, j) => {
      const e = Array.from({ length: x.length * width }, (__, at) => Number(at % width === j));
      return pushForward(run, e).slice(0, width);
    });
    const pushed = columns[0].flatMap((_, i) => columns.map((column) => column[i]));
    expectClose(pushed, flat(outputs.jacobian_sample0), tol);
    const gram = Float64Array.from({ length: width * width }, (_, k) => {
      const [i, j] = [Math.floor(k / width), k % width];
      return Array.from({ length: width }, (__, r) => jacobian[r * width + i] * jacobian[r * width + j]).reduce(
        (sum, term) => sum + term,
        0,
      );
    });
    const singular = [...symmetricEigen(gram, width).values].map(Math.sqrt).toReversed();
    expectClose(singular, flat(outputs.jacobian_singular_values_sample0), tol);
  });

  it('does so natively in float32', async () => {
    const found = await runChartNatively(run, { y: flat(outputs.y), v: flat(x) });
    expectClose(found.value, flat(outputs.y), float32);
    expectClose(found.logDet, flat(outputs.logdet), float32);
    expectClose(found.back, flat(x), float32);
  });
});

describe('luLinear', () => {
  const { inputs, outputs, tol } = golden.cases.lu_linear;
  const x = rowsOf(inputs.x);
  const [lower, upper, logScales] = [rowsOf(inputs.L), rowsOf(inputs.U_strict), flat(inputs.log_s)];
  const width = logScales.length;
  const map = luLinear({
    name: 'lu',
    width,
    permutation: rowsOf(inputs.P).map((row) => row.indexOf(1)),
    signs: flat(inputs.sign),
  });
  const packed = lower.flatMap((row, i) => row.map((entry, j) => (i === j ? logScales[i] : i > j ? entry : upper[i][j])));
  const run: ChartRun = { map, parameters: { 'lu.factors': tensor([width, width], packed) }, x: tensor([x.length, width], flat(x)) };

  it('maps the golden batch by the golden matrix', () => {
    const { value, logDet } = runChart(run);
    expectClose(value, flat(outputs.y), tol);
    expectClose(logDet, Array<number>(x.length).fill(flat(outputs.logdet)[0]), tol);
    expectClose(jacobianOfRow(run, 0), flat(outputs.W), tol);
  });

  it('inverts by triangular solves', () => {
    const back = runChart({ ...run, x: tensor(run.x.shape, flat(outputs.y)) }, 'inverse');
    expectClose(back.value, flat(outputs.x_from_inverse), tol);
    expectClose(back.logDet, Array<number>(x.length).fill(-flat(outputs.logdet)[0]), tol);
  });

  it('does so natively in float32', async () => {
    const found = await runChartNatively(run, { y: flat(outputs.y), v: flat(x) });
    expectClose(found.value, flat(outputs.y), float32);
    expectClose(found.back, flat(x), float32);
    expectClose(found.logDet, flat(outputs.logdet), float32);
  });
});

describe('changes of dimension', () => {
  const { inputs, outputs, tol } = golden.cases.dimension_change;
  const x = rowsOf(inputs.x);
  const width = x[0].length;
  const batch = tensor([x.length, width], flat(x));
  const [keep] = flat(inputs.keep);

  it('splits the golden batch into what is kept and the rest', () => {
    const { kept, rest } = evaluateFunction((t) => ({ ...splitColumns(t.x, keep) }), { x: batch });
    expectClose(kept, flat(outputs.split_keep), tol);
    expectClose(rest, flat(outputs.split_rest), tol);
  });

  it('pads the golden batch, keeps volume and truncates on the way back', () => {
    const run: ChartRun = { map: pad({ inputs: width, outputs: flat(inputs.pad_to)[0] }), parameters: {}, x: batch };
    const { value, logDet } = runChart(run);
    expectClose(value, flat(outputs.pad), tol);
    expect(logDet.every((entry) => entry === 0)).toBe(true);
    expect(runChart({ ...run, x: tensor([x.length, run.map.outputs], value) }, 'inverse').value).toEqual(flat(x));
  });

  const frame = rowsOf(inputs.A_rect);
  const map = rectangularEmbedding({ name: 'a', inputs: frame[0].length, outputs: frame.length });
  const values = {
    'a.frame': tensor([map.outputs, map.inputs], flat(frame)),
    g: tensor([map.outputs, map.outputs], flat(inputs.g_target)),
    x: tensor([1, map.inputs], [0.3, -0.2, 0.9]),
  };
  const pulledBack = (t: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
    const multiply = (columns: tf.Tensor): tf.Tensor => tf.matMul(tf.expandDims(t.g, 0), columns);
    return {
      metric: pulledBackMetric(jacobianOf(map, t, t.x), multiply),
      volume: gramLogVolume(map, t, { x: t.x, multiply }),
      back: tf.sub(map.inverse(t, map.forward(t, t.x).value).value, t.x),
    };
  };

  it('pulls the golden metric back through a rectangular chart, with its volume by the Gram determinant', () => {
    const { metric, volume, back } = evaluateFunction(pulledBack, values);
    expectClose(metric, flat(outputs.pulled_back_metric), tol);
    expectClose(volume, flat(outputs.half_logdet_pulled_back), tol);
    expectClose(back, Array<number>(map.inputs).fill(0), { abs: 1e-12 });
  });

  it('does so natively in float32', async () => {
    const { metric, volume, back } = await runOnnx(pulledBack, values);
    expectClose(metric, flat(outputs.pulled_back_metric), float32);
    expectClose(volume, flat(outputs.half_logdet_pulled_back), float32);
    expectClose(back, Array<number>(map.inputs).fill(0), float32);
  });
});
