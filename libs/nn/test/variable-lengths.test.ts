/** The example of the README: sequences of different lengths under static shapes. */
import { evaluate, type PhaseProgram } from '@geodesic/engine';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { buildPrograms, classificationTask, dense, gru, layeredModel, sequential, type Model } from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { normal } from './run-layer.ts';
import { kronecker } from './curvature-model.ts';

/** Sequences [T, 2] of a value and of a mark, 1 where the position is real. */
function sequenceClassifier(positions: number): Model {
  return layeredModel({
    net: sequential([
      gru({ name: 'gru', inputs: 2, units: 3, positions, returns: 'last' }),
      dense({ name: 'head', inputs: 3, outputs: 2 }),
    ]),
    featureShape: [positions, 2],
    task: classificationTask({ classes: 2 }),
    output: 'logits',
    mask: { positions, of: (x) => tf.squeeze(tf.slice(x, [0, 0, 1], [-1, -1, 1]), [2]) },
  });
}

const lengths = [3, 1, 4, 2];
const values = normal('sequences', [lengths.length, Math.max(...lengths)]).data;

/** The sequences padded to T positions, whose values behind the end are `junk`. */
function padded(positions: number, junk: number): TensorData {
  const cells = lengths.flatMap((length, row) =>
    Array.from({ length: positions }, (_, t) => (t < length ? [values[row * 4 + t], 1] : [junk, 0])),
  );
  return tensor([lengths.length, positions, 2], cells.flat());
}

/** All outputs of the gradient program with curvature, at T positions. */
function sums(positions: number, junk: number): Record<string, TensorData> {
  const model = sequenceClassifier(positions);
  const curvature = new Map(model.layers.map(({ name }) => [name, kronecker]));
  const { graph }: PhaseProgram = buildPrograms({ model, slotSize: lengths.length, curvature }).phases['grad-stats'];
  const inputs: Record<string, TensorData> = {
    theta: normal('theta', [makeLayout(model.parameters).size], 0.5),
    x: padded(positions, junk),
    y: { dtype: 'int32', shape: [4], data: Int32Array.of(0, 1, 1, 0) },
    weight: tensor([4], [1, 1, 1, 1]),
    'uniform:label': tensor([4, 1], [0.1, 0.4, 0.6, 0.9]),
  };
  return evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, inputs[name]])), { precision: 'float64' });
}

describe('a model of variable lengths', () => {
  it('has the same losses, gradients and curvature to the bit whatever stands behind the end of a sequence', () => {
    const clean = sums(6, 0);
    expect(Object.keys(clean)).toEqual(expect.arrayContaining(['examples', 'sum:gradient', 'sum:A/head']));
    expect(clean['sum:gradient'].data.some((entry) => entry !== 0)).toBe(true);
    // Zeros may differ in their signs, which no sum can tell.
    const plain = (outputs: Record<string, TensorData>): Record<string, number[]> =>
      Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, (entry) => entry + 0)]));
    for (const junk of [1, -1e3]) expect(plain(sums(6, junk))).toEqual(plain(clean));
  });

  it('has the same sums in a bucket of its own, padded to four positions, as padded to six', () => {
    const [short, long] = [sums(4, 7), sums(6, 7)];
    for (const [name, { data }] of Object.entries(short)) expectClose(long[name].data, data, { abs: 1e-13 });
  });
});
