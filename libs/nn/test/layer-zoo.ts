/** Small classifiers that have a layer of every kind, for statements that hold for all of them. */
import * as tf from '@tensorflow/tfjs-core';
import { tap } from '@geodesic/engine/trace';
import type { LayerEntry } from '@geodesic/engine';
import type { Model, Tensors } from '../src/index.ts';
import { classes, curvatureModel } from './curvature-model.ts';

const T = 3;
const vocabulary = 5;

const head = (t: Tensors, hidden: tf.Tensor): tf.Tensor => tf.matMul(hidden, t['head.weight']);

/** Features of embeddings: ids, with repetitions inside an example. */
export const tokenIds: readonly number[] = [2, 2, 4, 0, 1, 0, 3, 3, 3, 1, 2, 4, 0, 0, 1, 4, 1, 4];

const word: LayerEntry = {
  name: 'word',
  kind: 'dense',
  inputs: 2,
  outputs: 4,
  bias: true,
  weight: 'word.weight',
  positions: T,
  sharing: 'expand',
};

/** A classifier and, where its features are ids, the values of 6 rows. */
export interface ZooEntry {
  readonly title: string;
  readonly model: Model;
  readonly x?: readonly number[];
}

/** The models; the layer of interest is the first. */
export const zoo: readonly ZooEntry[] = [
  {
    title: 'dense',
    model: curvatureModel({
      features: [3],
      parameters: { 'first.weight': [3, 4], 'first.bias': [4], 'head.weight': [4, classes] },
      logits: (t) => head(t, tf.tanh(tf.add(tf.matMul(t.x, t['first.weight']), t['first.bias']))),
    }),
  },
  {
    title: 'dense on positions',
    model: curvatureModel({
      features: [T, 2],
      parameters: { 'word.weight': [2, 4], 'word.bias': [4], 'head.weight': [4, classes] },
      logits: (t) => {
        const rows = tf.add(tf.matMul(tf.reshape(t.x, [-1, 2]), t['word.weight']), t['word.bias']);
        return head(t, tf.sum(tf.tanh(tf.reshape(rows, [-1, T, 4])), 1));
      },
    }),
  },
  {
    title: 'dense, applied once a position (tied weights)',
    model: curvatureModel({
      features: [T, 2],
      parameters: { 'word.weight': [2, 4], 'word.bias': [4], 'head.weight': [4, classes] },
      layers: [word],
      logits: (t) => {
        const steps = tf.unstack(t.x, 1).map((x) => {
          const a = tap(x, { layer: 'word', role: 'input' });
          return tf.tanh(tap(tf.add(tf.matMul(a, t['word.weight']), t['word.bias']), { layer: 'word', role: 'output' }));
        });
        return head(t, tf.addN(steps));
      },
    }),
  },
  {
    title: 'dense, applied twice in a row (tied weights, not marked)',
    model: curvatureModel({
      features: [4],
      parameters: { 'tied.weight': [4, 4], 'tied.bias': [4], 'head.weight': [4, classes] },
      logits: (t) => {
        const once = (x: tf.Tensor): tf.Tensor => tf.tanh(tf.add(tf.matMul(x, t['tied.weight']), t['tied.bias']));
        return head(t, once(once(t.x)));
      },
    }),
  },
  {
    title: 'convolution',
    model: curvatureModel({
      features: [4, 3, 2],
      parameters: { 'conv.weight': [2, 2, 2, 2], 'conv.bias': [2], 'head.weight': [2, classes] },
      logits: (t) => {
        const z = tf.add(tf.conv2d(t.x as tf.Tensor4D, t['conv.weight'] as tf.Tensor4D, [2, 1], 'same'), t['conv.bias']);
        return head(t, tf.mean(tf.tanh(z), [1, 2]));
      },
    }),
  },
  {
    title: 'embedding',
    x: tokenIds,
    model: curvatureModel({
      features: [T],
      parameters: { 'tokens.weight': [vocabulary, 3], 'head.weight': [3, classes] },
      logits: (t) => head(t, tf.tanh(tf.sum(tf.gather(t['tokens.weight'], tf.cast(t.x, 'int32')), 1))),
    }),
  },
  {
    title: 'norm',
    model: curvatureModel({
      features: [T, 3],
      parameters: { 'norm.gain': [3], 'norm.bias': [3], 'head.weight': [3, classes] },
      logits: (t) => head(t, tf.mean(tf.square(tf.add(tf.mul(tf.tanh(t.x), t['norm.gain']), t['norm.bias'])), 1)),
    }),
  },
  {
    title: 'norm without a bias',
    model: curvatureModel({
      features: [T, 3],
      parameters: { 'norm.gain': [3], 'head.weight': [3, classes] },
      logits: (t) => head(t, tf.mean(tf.square(tf.add(tf.mul(tf.tanh(t.x), t['norm.gain']), 0.5)), 1)),
    }),
  },
];
