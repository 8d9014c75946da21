import * as tf from '@tensorflow/tfjs-core';
import type { TensorFunction, Tensors } from '@geodesic/nn';
import { expectClose, flat, loadGolden, rowsOf, type GoldenCase } from '@geodesic/testing';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import {
  boundedDiagonal,
  boundedFactor,
  choleskyField,
  choleskyMetric,
  constantJet,
  curvaturePenalty,
  directionalRm,
  lowerTriangle,
  LowRankField,
  scalarReadout,
  type ChartMetric,
} from '../src/index.ts';
import { evaluateFunction } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';
import { runOnnx } from './run-onnx.ts';

/** How far float32 may be off; the goldens of curvature name it themselves. */
const single = { rel: 1e-4, abs: 1e-5 };

const golden02 = loadGolden('02_lowrank_metric').cases;

describe('the low-rank metric of golden 02', () => {
  const { inputs, outputs, tol } = golden02.bounded_batch;
  const [rows, d, r] = [4, 7, 3];
  const [dMin, dMax, uMax] = [inputs.d_min, inputs.d_max, inputs.u_max].map(Number);
  const values = {
    rawD: tensor([rows, d], flat(inputs.raw_d)),
    rawU: tensor([rows, d * r], flat(inputs.raw_U)),
    v: tensor([rows, d], flat(inputs.v)),
  };
  const all: TensorFunction = (t) => {
    const diagonal = boundedDiagonal(constantJet(t.rawD), { dMin, dMax }).value;
    const factor = tf.reshape(boundedFactor(constantJet(t.rawU), uMax).value, [rows, d, r]);
    const field = new LowRankField({ diagonal, factor });
    const product = field.multiply(t.v);
    const quad = tf.sum(tf.mul(product, t.v), 1);
    return { D: diagonal, U: factor, matvec: product, quad, solve: field.solve(t.v), logdet: tf.mul(2, field.halfLogDet()) };
  };
  const names = ['D', 'U', 'matvec', 'quad', 'solve', 'logdet'];

  it('has its parts, products, solves and log-determinants in float64', () => {
    const found = evaluateFunction(all, values);
    for (const name of names) expectClose(found[name], flat(outputs[name]), tol);
  });

  it('has them on ONNX Runtime in float32', async () => {
    const found = await runOnnx(all, values);
    for (const name of names) expectClose(found[name], flat(outputs[name]), single);
  });
});

describe('the Cholesky metric of golden 02', () => {
  const { inputs, outputs, tol } = golden02.dense_cholesky_param;
  const [rows, d] = [4, 3];
  const values = { raw: tensor([rows, 6], flat(inputs.raw)) };
  const all: TensorFunction = (t) => {
    const lower = lowerTriangle(constantJet(t.raw), d).value;
    const field = choleskyField(lower, Number(inputs.eps));
    const columns = Array.from({ length: d }, (_, i) => field.solve(tf.tile(tf.slice(tf.eye(d), [i, 0], [1, d]), [rows, 1])));
    return { L: lower, g: field.matrix, inverse: tf.stack(columns, 2), logdet: tf.mul(2, field.halfLogDet()) };
  };
  const names = ['L', 'g', 'inverse', 'logdet'];

  it('has its factor, matrix, inverse and log-determinant in float64', () => {
    const found = evaluateFunction(all, values);
    for (const name of names) expectClose(found[name], flat(outputs[name]), tol);
  });

  it('has them on ONNX Runtime in float32', async () => {
    const found = await runOnnx(all, values);
    // An inverse is as precise as its matrix is well conditioned: up to 8e3 here.
    for (const name of names) expectClose(found[name], flat(outputs[name]), name === 'inverse' ? { rel: 1e-3 } : single);
  });
});

/** The metric of a case of golden 04, its parameters, and its points. */
function neuralCase({ inputs }: GoldenCase) {
  const d = flat(inputs.n)[0];
  const hidden = rowsOf(inputs.params.W1)[0].length;
  const metric = choleskyMetric({ name: 'm', width: d, hidden, epsilon: flat(inputs.eps)[0] });
  const parts = { weight1: 'W1', bias1: 'b1', weight2: 'W2', bias2: 'b2' } as const;
  const parameters = Object.fromEntries(
    metric.parameters.map(({ name, shape }) => [
      name,
      tensor(shape, flat(inputs.params[parts[name.slice('m.net.'.length) as keyof typeof parts]])),
    ]),
  );
  return { d, metric, parameters, points: rowsOf(inputs.points), pairs: { u: rowsOf(inputs.u), v: rowsOf(inputs.v) } };
}

/** All sequences of `length` choices, each with the product of its weights. */
function sequences(choices: readonly { readonly value: number; readonly weight: number }[], length: number): [number[], number][] {
  let found: [number[], number][] = [[[], 1]];
  for (let i = 0; i < length; i++)
    found = found.flatMap(([values, weight]) =>
      choices.map((choice): [number[], number] => [[...values, choice.value], weight * choice.weight]),
    );
  return found;
}

/** The exact means over numbers of a per-row function of `x` and `numbers`, one for each point. */
function means(
  fn: (t: Tensors) => tf.Tensor,
  { parameters, points, cases }: { parameters: Record<string, TensorData>; points: readonly number[][]; cases: [number[], number][] },
): number[] {
  const [rows, d] = [points.length * cases.length, points[0].length];
  const x = tensor(
    [rows, d],
    points.flatMap((point) => cases.flatMap(() => point)),
  );
  const numbers = tensor(
    [rows, 2 * d],
    points.flatMap(() => cases.flatMap(([values]) => values)),
  );
  const { found } = evaluateFunction((t) => ({ found: fn(t) }), { ...parameters, x, numbers });
  return points.map((_, at) => cases.reduce((sum, [, weight], i) => sum + weight * found[at * cases.length + i], 0));
}

describe.each(Object.entries(loadGolden('04_geometry_neural_metric').cases))('golden 04 %s', (_, golden) => {
  const { d, metric, parameters, points, pairs } = neuralCase(golden);
  const { outputs, tol } = golden;
  const rows = points.length;
  const values = {
    ...parameters,
    x: tensor([rows, d], points.flat()),
    u: tensor([rows, d], pairs.u.flat()),
    v: tensor([rows, d], pairs.v.flat()),
  };
  const all = (of: ChartMetric): TensorFunction => {
    return (t) => ({ rm: directionalRm(of, t, t.x, { u: t.u, v: t.v }), half: of.at(t, t.x).halfLogDet() });
  };

  it('has Rm(u,v,u,v) and 1/2 log det g in float64', () => {
    const { rm, half } = evaluateFunction(all(metric), values);
    expectClose(rm, flat(outputs.rm_uvuv), tol);
    expectClose(half, flat(outputs.half_logdet), tol);
  });

  it('has them on ONNX Runtime in float32', async () => {
    const { rm, half } = await runOnnx(all(metric), values);
    expectClose(rm, flat(outputs.rm_uvuv), { rel: tol.float32_rel, abs: 1e-4 });
    expectClose(half, flat(outputs.half_logdet), single);
  });

  it('has the expected square as the exact mean of the penalty: a quadrature for normals, exact to the fifth degree', () => {
    const hermite = [
      { value: 0, weight: 2 / 3 },
      { value: Math.sqrt(3), weight: 1 / 6 },
      { value: -Math.sqrt(3), weight: 1 / 6 },
    ];
    const cases = sequences(hermite, 2 * d);
    const found = means((t) => curvaturePenalty({ metric, x: t.x, numbers: t.numbers }, t), { parameters, points, cases });
    expectClose(found, flat(outputs.expected_rm_uvuv_sq), { ...tol, rel: 10 * tol.rel });
  });

  it('has the scalar curvature as the mean of the read-out over all signs', () => {
    const uniforms = [
      { value: 0.25, weight: 0.5 },
      { value: 0.75, weight: 0.5 },
    ];
    const cases = sequences(uniforms, 2 * d);
    const found = means((t) => scalarReadout({ metric, x: t.x, numbers: t.numbers }, t, { middle: 0.5 }), { parameters, points, cases });
    expectClose(found, flat(outputs.scalar), { ...tol, rel: 10 * tol.rel });
    expect(found).toHaveLength(rows);
  });
});
