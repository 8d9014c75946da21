import * as tf from '@tensorflow/tfjs-core';
import { GraphBuilder, type Graph, type ParameterEntry } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { Shape } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { captureLayers, ModelError, type Captured, type Tensors } from '../src/index.ts';

const rows = 4;

function table(shapes: Readonly<Record<string, Shape>>): ParameterEntry[] {
  return Object.entries(shapes).map(([name, shape]) => ({ name, shape, initializer: { kind: 'constant', value: 0 } }));
}

/** What is captured of a traced function of `x` [4, ...features] and the parameters. */
function captured(fn: (t: Tensors) => tf.Tensor, features: Shape, shapes: Readonly<Record<string, Shape>>): Captured & { graph: Graph } {
  const parameters = table(shapes);
  const inputs = { x: { shape: [rows, ...features] }, ...Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape }])) };
  const graph = trace((t) => ({ y: fn(t) }), inputs);
  return { graph, ...captureLayers(graph, parameters) };
}

/** A layer without the ids of its uses. */
const tablesOf = ({ layers }: Captured): unknown[] => layers.map(({ uses: _uses, ...layer }) => layer);

describe('captureLayers', () => {
  it('finds a dense layer and its bias: a is the left factor, g stands at the sum', () => {
    const shapes = { 'hidden/kernel': [3, 5], 'hidden/bias': [5] };
    const found = captured((t) => tf.tanh(tf.add(tf.matMul(t.x, t['hidden/kernel']), t['hidden/bias'])), [3], shapes);
    const dense = { name: 'hidden', kind: 'dense', inputs: 3, outputs: 5, weight: 'hidden/kernel', positions: 1, sharing: 'none' };
    expect(tablesOf(found)).toEqual([{ ...dense, bias: true, biasParameter: 'hidden/bias' }]);
    const [{ inputs, output }] = found.layers[0].uses;
    expect(inputs.map((id) => found.graph.nodes[id].kernel)).toEqual(['Input']);
    expect(found.graph.nodes[output]).toMatchObject({ kernel: 'Add', shape: [rows, 5] });
    expect(found.uncaptured).toEqual([]);
  });

  it('says of a bias that stands elsewhere in the table that it is not part of the matrix', () => {
    const shapes = { 'hidden.bias': [5], 'hidden.weight': [3, 5] };
    const found = captured((t) => tf.add(tf.matMul(t.x, t['hidden.weight']), t['hidden.bias']), [3], shapes);
    expect(found.layers[0]).toMatchObject({ name: 'hidden', bias: false, biasParameter: 'hidden.bias' });
    expect(found.uncaptured).toEqual([]);
  });

  it('counts positions that share a dense weight, through reshapes', () => {
    const shapes = { 'word.weight': [3, 5], 'word.bias': [5] };
    const sequence = captured(
      (t) => tf.add(tf.matMul(t.x as tf.Tensor3D, t['word.weight'] as tf.Tensor3D), t['word.bias']),
      [6, 3],
      shapes,
    );
    expect(sequence.layers[0]).toMatchObject({ positions: 6, sharing: 'expand', bias: true });
    const images = captured((t) => tf.matMul(tf.reshape(t.x, [-1, 3]), t['word.weight']), [2, 7, 3], shapes);
    expect(images.layers[0]).toMatchObject({ positions: 14, bias: false });
  });

  it('finds convolutions with their window, and refuses depthwise ones', () => {
    const shapes = { 'conv.weight': [3, 2, 2, 4], 'conv.bias': [4], 'depth.weight': [2, 2, 4, 1] };
    const found = captured(
      (t) => {
        const z = tf.add(tf.conv2d(t.x as tf.Tensor4D, t['conv.weight'] as tf.Tensor4D, [2, 1], 'same'), t['conv.bias']);
        return tf.depthwiseConv2d(tf.relu(z) as tf.Tensor4D, t['depth.weight'] as tf.Tensor4D, 1, 'valid');
      },
      [6, 5, 2],
      shapes,
    );
    expect(tablesOf(found)).toEqual([
      {
        name: 'conv',
        kind: 'conv',
        inputs: 12,
        outputs: 4,
        weight: 'conv.weight',
        positions: 15,
        sharing: 'expand',
        bias: true,
        biasParameter: 'conv.bias',
      },
    ]);
    expect(found.layers[0].uses[0].window).toEqual({ kernel: [3, 2], strides: [2, 1], pads: [0, 1, 0, 1], dilations: [1, 1] });
    expect(found.uncaptured.map(({ parameter }) => parameter)).toEqual(['depth.weight']);
    expect(found.uncaptured[0].got).toContain('depthwise');
  });

  it('finds an embedding by its table', () => {
    const found = captured((t) => tf.gather(t['tokens.weight'], tf.cast(t.x, 'int32')), [7], { 'tokens.weight': [50, 8] });
    expect(found.layers[0]).toMatchObject({ kind: 'embedding', inputs: 50, outputs: 8, positions: 7, sharing: 'expand', bias: false });
    expect(found.graph.nodes[found.layers[0].uses[0].inputs[0]]).toMatchObject({ dtype: 'int32', shape: [rows, 7] });
  });

  it('finds the gain and bias of a norm, also where the gain first meets the deviation', () => {
    const shapes = { 'norm.gain': [5], 'norm.bias': [5] };
    const plain = captured((t) => tf.add(tf.mul(t.x, t['norm.gain']), t['norm.bias']), [6, 5], shapes);
    expect(plain.layers[0]).toMatchObject({ kind: 'norm', inputs: 1, outputs: 5, positions: 6, bias: true });
    const batch = captured(
      (t) => {
        const { mean, variance } = tf.moments(t.x, 0);
        return tf.batchNorm2d(
          t.x as tf.Tensor2D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          t['norm.bias'] as tf.Tensor1D,
          t['norm.gain'] as tf.Tensor1D,
        );
      },
      [5],
      shapes,
    );
    expect(batch.layers[0]).toMatchObject({ kind: 'norm', positions: 1, bias: true });
    expect(batch.layers[0].uses[0].inputs).toHaveLength(2);
  });

  it('reports a weight in different roles, unused parameters and other roles in words', () => {
    const shapes = { 'tied.weight': [3, 3], 'left.weight': [4, 4], 'swapped.weight': [2, 3], 'idle.weight': [3, 3], scale: [] };
    const found = captured(
      (t) => {
        const twice = tf.matMul(tf.tanh(tf.matMul(t.x, t['tied.weight'])), t['tied.weight'], false, true);
        const z = tf.matMul(tf.matMul(t['left.weight'], twice), t['swapped.weight'], false, true);
        return tf.div(z, tf.exp(t.scale));
      },
      [3],
      shapes,
    );
    expect(found.layers).toEqual([]);
    expect(found.uncaptured.map(({ parameter, got }) => [parameter, got])).toEqual([
      ['tied.weight', 'a parameter used in 2 places (BatchMatMul, BatchMatMul) in different roles: tied weights'],
      ['left.weight', 'the left factor of a matrix product'],
      ['swapped.weight', 'the transposed factor of a matrix product'],
      ['idle.weight', 'a parameter that the forward pass does not use'],
      ['scale', 'an argument of Exp'],
    ]);
  });

  it('finds weights that are tied in one role as one layer of several uses, with its bias where every use has it', () => {
    const shapes = { 'tied.weight': [3, 3], 'tied.bias': [3], 'other.weight': [3, 3], 'other.bias': [3] };
    const found = captured(
      (t) => {
        const once = tf.tanh(tf.add(tf.matMul(t.x, t['tied.weight']), t['tied.bias']));
        const twice = tf.tanh(tf.add(tf.matMul(once, t['tied.weight']), t['tied.bias']));
        return tf.add(tf.matMul(tf.tanh(tf.matMul(twice, t['other.weight'])), t['other.weight']), t['other.bias']);
      },
      [3],
      shapes,
    );
    expect(found.layers).toMatchObject([
      { name: 'tied', kind: 'dense', positions: 2, sharing: 'expand', bias: true },
      { name: 'other', kind: 'dense', positions: 2, sharing: 'expand', bias: false },
    ]);
    expect(found.layers.map(({ uses }) => uses.length)).toEqual([2, 2]);
    expect(found.uncaptured.map(({ parameter }) => parameter)).toEqual(['other.bias']);
  });

  it('refuses the table of an embedding that is also the transposed head, naming both places', () => {
    const found = captured(
      (t) => tf.matMul(tf.sum(tf.gather(t['tokens.weight'], tf.cast(t.x, 'int32')), 1), t['tokens.weight'], false, true),
      [4],
      { 'tokens.weight': [5, 3] },
    );
    expect(found.layers).toEqual([]);
    expect(found.uncaptured[0].got).toBe('a parameter used in 2 places (GatherV2, BatchMatMul) in different roles: tied weights');
  });

  it('names two weights of one stem by their whole names', () => {
    const shapes = { 'cell/kernel': [3, 3], 'cell/recurrent': [3, 3] };
    const found = captured((t) => tf.matMul(tf.tanh(tf.matMul(t.x, t['cell/kernel'])), t['cell/recurrent']), [3], shapes);
    expect(found.layers.map(({ name }) => name)).toEqual(['cell/kernel', 'cell/recurrent']);
  });

  it('reads a graph that was made by hand, and wants to know its rows', () => {
    const builder = new GraphBuilder();
    const [features, weight] = [builder.input('features', [6, 2], 'float32'), builder.input('w', [2, 3], 'float32')];
    builder.output('z', builder.add('BatchMatMul', [features, weight], { transposeA: false, transposeB: false }));
    const graph = builder.build();
    const parameters = table({ w: [2, 3] });
    expect(captureLayers(graph, parameters, { rows: 2, sharing: { w: 'reduce' } }).layers).toMatchObject([
      { name: 'w', positions: 3, sharing: 'reduce' },
    ]);
    expect(captureLayers(graph, parameters, { rows: 4 }).uncaptured[0].got).toContain('6 rows, which are not positions of 4 examples');
    expect(() => captureLayers(graph, parameters)).toThrow(ModelError);
  });
});
