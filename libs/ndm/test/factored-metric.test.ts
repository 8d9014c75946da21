import * as tf from '@tensorflow/tfjs-core';
import { GraphBuilder, vjp } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { TensorFunction, Tensors } from '@geodesic/nn';
import { cholesky, logDetFromCholesky, matmul, spdInverse, symmetricEigen } from '@geodesic/linalg';
import { expectClose, flat, loadGolden, rowsOf } from '@geodesic/testing';
import type { TensorData } from '@geodesic/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawFromMetric, factoredMetric, halfLogDet, inverseQuadratic, metricBounds, type LowRankParts } from '../src/index.ts';
import { evaluateFunction, interpret, normalParameters, normalTensor, shapesOf } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';

const [d, r] = [5, 3];
const metric = factoredMetric({ name: 'm', width: d, rank: r, basis: 2, hidden: 6 });

/** Rows of D [B, d] and U [B, d, r]. */
interface DenseField {
  readonly diagonal: number[];
  readonly factor: number[];
}

/** A field's parts as outputs. */
function parts({ diagonal, factor }: LowRankParts): Record<string, tf.Tensor> {
  return { diagonal, factor };
}

/** D and U at the rows of x. */
function fieldAt(parameters: Readonly<Record<string, TensorData>>, x: TensorData): DenseField {
  const { diagonal, factor } = evaluateFunction((t) => parts(metric.at(t, t.x)), { ...parameters, x });
  return { diagonal, factor };
}

/** g = diag(D) + U U^T of one row, [d, d]. */
function dense({ diagonal, factor }: DenseField, row: number): Float64Array {
  const u = Float64Array.from(factor.slice(row * d * r, (row + 1) * d * r));
  const g = matmul(u, u, { m: d, k: r, n: d, transposeB: true });
  for (let i = 0; i < d; i++) g[i * d + i] += diagonal[row * d + i];
  return g;
}

/** s^T M s. */
function quadraticForm(matrix: Float64Array, s: ArrayLike<number>): number {
  return matrix.reduce((sum, entry, i) => sum + entry * s[Math.floor(i / s.length)] * s[i % s.length], 0);
}

describe('factoredMetric', () => {
  const { dMin, dMax, uMax, pMax } = metricBounds;

  it('keeps the eigenvalues in [d_min, d_max + u_max^2) for any parameters and any point', () => {
    const scale = fc.constantFrom(0, 1e-6, 0.1, 1, 10, 1e3, 1e6);
    fc.assert(
      fc.property(fc.nat(), scale, scale, (name, parameterScale, pointScale) => {
        const x = normalTensor(`x${name}`, [32, d], pointScale);
        const parameters = Object.fromEntries(
          metric.parameters.map((p) => [p.name, normalTensor(`${p.name}${name}`, p.shape, parameterScale)]),
        );
        const field = fieldAt(parameters, x);
        for (let row = 0; row < 32; row++) {
          const { values } = symmetricEigen(dense(field, row), d);
          expect(values[0]).toBeGreaterThanOrEqual(dMin * (1 - 1e-6));
          expect(values[d - 1]).toBeLessThan((dMax + uMax * uMax) * (1 + 1e-6));
        }
      }),
      { seed: 21, numRuns: 100 },
    );
  });

  it('reaches both ends of the diagonal’s range and no further', () => {
    const rowOf = (value: number): DenseField => {
      const parameters = Object.fromEntries(metric.parameters.map(({ name, shape }) => [name, normalTensor(name, shape, 0)]));
      const fill = (name: string, to: number): TensorData => ({
        ...parameters[name],
        data: parameters[name].data.map(() => to),
      });
      // b saturates at +1, every P at its bound p / q and D0 at one end.
      const extreme = {
        'm.net.bias2': fill('m.net.bias2', 1e6),
        'm.mixing': fill('m.mixing', value),
        'm.diagonal': fill('m.diagonal', value),
      };
      return fieldAt({ ...parameters, ...extreme }, normalTensor('x', [1, d]));
    };
    expectClose(rowOf(1e6).diagonal, Array<number>(d).fill(dMax), { rel: 1e-6 });
    expectClose(rowOf(-1e6).diagonal, Array<number>(d).fill(dMin), { rel: 1e-6 });
    expect(pMax).toBe(3);
  });

  it('starts within a condition number of 10: no direction is singled out before the data speak', () => {
    const first = metric.parameters.map(({ name, shape, initializer }) => {
      return [name, normalTensor(name, shape, initializer.kind === 'normal' ? initializer.standardDeviation : 0)];
    });
    const field = fieldAt(Object.fromEntries(first), normalTensor('x', [8, d]));
    for (let row = 0; row < 8; row++) {
      const { values } = symmetricEigen(dense(field, row), d);
      expect(values[d - 1] / values[0]).toBeLessThan(10);
    }
  });
});

/** Inputs that stand for a field of given D [B, d] and U [B, d, r]. */
function given(
  diagonal: ArrayLike<number>,
  factor: ArrayLike<number>,
  [rows, size, rank]: readonly [number, number, number],
): Record<string, TensorData> {
  return { D: tensor([rows, size], Array.from(diagonal)), U: tensor([rows, size, rank], Array.from(factor)) };
}

const readField = (t: Tensors): LowRankParts => ({ diagonal: t.D, factor: t.U });

describe('halfLogDet and inverseQuadratic', () => {
  const both = (t: Tensors): ReturnType<TensorFunction> => ({
    half: halfLogDet(readField(t)),
    quadratic: inverseQuadratic(readField(t), t.s),
  });

  it('agree with a dense Cholesky computation', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(0.1, 1, 10), (name, scale) => {
        const x = normalTensor(`x${name}`, [8, d], scale);
        const s = normalTensor(`s${name}`, [8, d]);
        const field = fieldAt(normalParameters(metric.parameters, scale), x);
        const { half, quadratic } = evaluateFunction(both, { ...given(field.diagonal, field.factor, [8, d, r]), s });
        for (let row = 0; row < 8; row++) {
          const g = dense(field, row);
          expectClose(half[row], 0.5 * logDetFromCholesky(cholesky(g, d), d), { abs: 1e-10 });
          expectClose(quadratic[row], quadraticForm(spdInverse(g, d), s.data.slice(row * d, (row + 1) * d)), { rel: 1e-9 });
        }
      }),
      { seed: 22, numRuns: 40 },
    );
  });

  it('give the golden anchor and its gradients in D and U', () => {
    const { inputs, outputs, tol } = loadGolden('02_lowrank_metric').cases.fisher_anchor_gaussian_nll;
    const [rows, size, rank] = [rowsOf(inputs.D).length, rowsOf(inputs.D)[0].length, 3];
    const values = { ...given(flat(inputs.D), flat(inputs.U), [rows, size, rank]), s: tensor([rows, size], flat(inputs.score)) };
    const traced = trace((t) => {
      const { half, quadratic } = both(t);
      return { nll: tf.add(half, tf.mul(0.5, quadratic)) };
    }, shapesOf(values));
    const builder = GraphBuilder.from(traced);
    const idOf = (name: string): number => traced.inputs.find((input) => input.name === name)!.id;
    const { id } = traced.outputs[0];
    const one = builder.constant({ dtype: 'float32', shape: [rows], data: new Float32Array(rows).fill(1) });
    const [gradD, gradU] = vjp(builder, [{ id, cotangent: one }], [idOf('D'), idOf('U')]);
    for (const [name, node] of Object.entries({ nll: id, gradD, gradU })) builder.output(name, node);
    const result = interpret(builder.build(), values);
    expectClose(result.nll.data, flat(outputs.nll), tol);
    expectClose(result.gradD.data, flat(outputs.grad_D), tol);
    expectClose(result.gradU.data, flat(outputs.grad_U), tol);
  });

  it('give the golden damped log-determinant and solve of the mean metric', () => {
    const { inputs, outputs, tol } = loadGolden('02_lowrank_metric').cases.factored_additive_statistics;
    const [size, rank, n] = [rowsOf(inputs.U0).length, 3, rowsOf(inputs.b).length];
    // S + damping I = diag(sumD / N + damping) + U U^T with U = U0 chol(sumM / N).
    const diagonal = flat(outputs.total_sumD).map((sum) => sum / n + Number(inputs.damping));
    const root = cholesky(
      Float64Array.from(flat(outputs.total_sumM), (sum) => sum / n),
      rank,
    );
    const factor = matmul(Float64Array.from(flat(inputs.U0)), root, { m: size, k: rank, n: rank });
    const [rhs, solved] = [rowsOf(inputs.rhs), rowsOf(outputs.damped_solve)];
    rhs[0].forEach((_, column) => {
      const s = rhs.map((row) => row[column]);
      const { half, quadratic } = evaluateFunction(both, { ...given(diagonal, factor, [1, size, rank]), s: tensor([1, size], s) });
      expectClose(2 * half[0], Number(outputs.logdet_S_damped), tol);
      expectClose(
        quadratic[0],
        s.reduce((sum, value, i) => sum + value * solved[i][column], 0),
        tol,
      );
    });
  });
});

describe('drawFromMetric', () => {
  it('maps independent standard normals to covariance g: the map times its transpose is g', () => {
    // One row for each unit vector of (e1, e2); the draws are then the columns of the map.
    const field = fieldAt(normalParameters(metric.parameters, 1), normalTensor('x', [1, d]));
    const rows = d + r;
    const repeat = (values: readonly number[]): number[] => Array.from({ length: rows }, () => values).flat();
    const unit = (from: number, width: number): TensorData =>
      tensor(
        [rows, width],
        Array.from({ length: rows * width }, (_, i) => (Math.floor(i / width) === from + (i % width) ? 1 : 0)),
      );
    const inputs = { ...given(repeat(field.diagonal), repeat(field.factor), [rows, d, r]), e1: unit(0, d), e2: unit(d, r) };
    const { draws } = evaluateFunction((t) => ({ draws: drawFromMetric(readField(t), t.e1, t.e2) }), inputs);
    const columns = Float64Array.from(draws);
    expectClose(matmul(columns, columns, { m: d, k: rows, n: d, transposeA: true }), dense(field, 0), { abs: 1e-12 });
  });
});
