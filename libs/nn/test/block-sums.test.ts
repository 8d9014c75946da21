/** Diagonals, dense blocks and second moments in a basis, against sums over the gradients of single examples. */
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from '@geodesic/testing';
import type { LayerEntry } from '@geodesic/engine';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { buildPrograms, mlpClassifier, type LayerCurvature, type Model } from '../src/index.ts';
import {
  blockOf,
  exampleGradients,
  gaussNewton,
  jacobians,
  outputRows,
  programsOf,
  run,
  slotValues,
  softmaxHessian,
  type Values,
} from './dense-reference.ts';
import { tensor } from './evaluate-function.ts';
import { zoo } from './layer-zoo.ts';
import { normal } from './run-layer.ts';

const rows = 6;
const real = 5;
const close = { abs: 1e-11, rel: 1e-9 };
const sources = ['empirical', 'exact'] as const;
const cases = zoo.flatMap((entry) => sources.map((source) => ({ ...entry, source })));

/** The block of a layer, summed over the examples: of their gradients, or the Gauss-Newton matrix. */
function expectedBlock(model: Model, values: Values, { source, layer }: { source: 'empirical' | 'exact'; layer: LayerEntry }): number[] {
  if (source === 'empirical') {
    const gradients = exampleGradients(model, values).map((g) => [g]);
    return blockOf(
      gaussNewton(
        gradients,
        gradients.map(() => [[1]]),
      ),
      model,
      layer,
    );
  }
  const hessians = outputRows(model, 'logits', values).map(softmaxHessian);
  const weighted = hessians.map((h, n) => h.map((row) => row.map((entry) => entry * values.weight.data[n])));
  return blockOf(gaussNewton(jacobians(model, 'logits', values), weighted), model, layer);
}

const rowsIn = ({ inputs, bias }: LayerEntry): number => inputs + (bias ? 1 : 0);

/** diag((Q_A (x) Q_S)^T F (Q_A (x) Q_S)); a missing basis is the identity. */
function diagonalIn(
  block: readonly number[],
  layer: LayerEntry,
  bases: { readonly inputs?: TensorData; readonly outputs?: TensorData },
): number[] {
  const [n, o] = [rowsIn(layer), layer.outputs];
  const size = n * o;
  const entry = (basis: TensorData | undefined, dimension: number, i: number, j: number): number =>
    basis ? basis.data[i * dimension + j] : i === j ? 1 : 0;
  return Array.from({ length: size }, (_, k) => {
    const [i, j] = [Math.floor(k / o), k % o];
    const v = Array.from(
      { length: size },
      (_value, at) => entry(bases.inputs, n, Math.floor(at / o), i) * entry(bases.outputs, o, at % o, j),
    );
    return v.reduce((sum, vp, p) => sum + vp * v.reduce((inner, vq, q) => inner + block[p * size + q] * vq, 0), 0);
  });
}

describe.each(cases)('$title, $source', ({ model, x, source }) => {
  const values = slotValues(model, rows, { real, ...(x && { x }) });
  const [layer] = model.layers;
  const expected = expectedBlock(model, values, { source, layer });

  it('the dense block is the sum of the outer products', () => {
    const sums = run(programsOf(model, rows, { source, form: 'dense' })['grad-stats'], values);
    expectClose(sums[`sum:F/${layer.name}`].data, expected, close);
  });

  it('the diagonal is that of the block', () => {
    const sums = run(programsOf(model, rows, { source, form: 'diagonal' })['grad-stats'], values);
    expect(sums[`sum:D/${layer.name}`].shape).toEqual([rowsIn(layer), layer.outputs]);
    expectClose(sums[`sum:D/${layer.name}`].data, diagonalIn(expected, layer, {}), close);
  });

  // Norms have no eigenbasis.
  if (layer.kind === 'norm') return;
  it('the second moments in a basis are the diagonal of the rotated block', () => {
    const { basis } = programsOf(model, rows, { source, form: 'eigenbasis' });
    // Any matrices will do: the identity does not need them to be orthogonal.
    const bases = Object.fromEntries(
      basis.graph.inputs.flatMap(({ name, id }) => (/Q[AS]/.test(name) ? [[name, normal(name, basis.graph.nodes[id].shape)]] : [])),
    );
    const found = run(basis, { ...values, ...bases })[`sum:E/${layer.name}`];
    const [inputs, outputs] = [bases[`vector:QA/${layer.name}`] as TensorData | undefined, bases[`vector:QS/${layer.name}`]];
    expect(inputs === undefined).toBe(layer.kind === 'embedding');
    expectClose(found.data, diagonalIn(expected, layer, { ...(inputs && { inputs }), outputs }), close);
  });
});

describe('block sums', () => {
  it('leave out positions that a mask excludes', () => {
    const { model, x } = zoo.find(({ title }) => title === 'embedding')!;
    const masked: Model = {
      ...model,
      positionMasks: { tokens: 'mask' },
      forward: (t, mode) => ({ ...model.forward(t, mode), mask: tf.add(tf.mul(t.x, 0), tf.tensor([[1, 1, 0]])) }),
    };
    const values = slotValues(model, rows, { real, x: x! });
    const other = {
      ...values,
      x: tensor(
        [rows, 3],
        [...values.x.data].map((id, i) => (i % 3 === 2 ? (id + 1) % 5 : id)),
      ),
    };
    const sums = (of: Model, at: Values): ArrayLike<number> =>
      run(programsOf(of, rows, { source: 'forward', form: 'kronecker' })['grad-stats'], at)['sum:A/tokens'].data;
    expect(sums(masked, other)).toEqual(sums(masked, values));
    expect(sums(model, other)).not.toEqual(sums(model, values));
    const diagonal = run(programsOf(masked, rows, { source: 'empirical', form: 'diagonal' })['grad-stats'], values)['sum:D/tokens'].data;
    const whole = run(programsOf(masked, rows, { source: 'empirical', form: 'dense' })['grad-stats'], values)['sum:F/tokens'].data;
    expectClose(
      diagonal,
      Array.from({ length: 15 }, (_, i) => whole[i * 16]),
      close,
    );
  });

  it('refuse a dense block of more than 4096 parameters, naming the layer', () => {
    const model = mlpClassifier({ inputs: 100, classes: 3, hidden: [50], activation: 'tanh' });
    const curvature = new Map<string, LayerCurvature>([['dense1', { source: 'sampled', form: 'dense' }]]);
    expect(() => buildPrograms({ model, slotSize: 2, curvature })).toThrow(
      /dense1: expected at most 4096 parameters for a dense block, got 5050/,
    );
  });
});
