/** One run of continual learning: tasks in a row with the library's Adam, anchors after each, and the accuracy on every task each time. */
import {
  type Anchor,
  createOptimizer,
  diagonalAnchor,
  euclideanAnchor,
  kroneckerAnchor,
  type KroneckerAnchor,
  mergeAnchorsApproximately,
  type Optimizer,
  totalPenalty,
} from '@geodesic/natural-gradient';
import { makeLayout } from '@geodesic/tensor';
import { takeStep } from '../drive.ts';
import { constant } from '../fixtures.ts';
import { type Examples, features, normalsOf, orderOf, type Task, uniformsOf } from './permuted-tasks.ts';
import { accuracyOf, fisherOf, gradientSum, type Layer, type LayerFisher, matrixOf } from './tanh-network.ts';

/** What is kept of a task: nothing, anchors of a kind, or one Kronecker anchor for all tasks, into which each new one is merged. */
export type Memory = 'none' | Anchor['kind'] | 'merged';

/** Options of a run. */
export interface ContinualRun {
  readonly seed: number;
  readonly layers: readonly Layer[];
  readonly memory: Memory;
  /** lambda of the penalties. */
  readonly strength: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
}

/** Accuracy [i][j] on the test examples of task j after training on task i. */
export function learnInTurn(tasks: readonly Task[], run: ContinualRun): number[][] {
  const { layers, seed } = run;
  let theta = initial(layers, seed);
  let anchors: readonly Anchor[] = [];
  return tasks.map(({ train }, task) => {
    theta = learn(theta, train, { ...run, anchors, task });
    if (run.memory !== 'none') anchors = remembered(anchors, run.memory, layers, { theta, fisher: fisherOf(layers, theta, train) });
    return tasks.map(({ test }) => accuracyOf(layers, theta, test));
  });
}

/** Adam from a fresh state on one task: sums of batches, and the anchors' penalties beside their mean. */
export function learn(
  start: Float64Array,
  train: Examples,
  run: ContinualRun & { readonly anchors: readonly Anchor[]; readonly task: number },
) {
  const { layers, anchors, batch, strength } = run;
  const perEpoch = Math.floor(train.count / batch);
  const optimizer = adam(start.length, run.learningRate, perEpoch * run.epochs);
  const theta = start.slice();
  let state = optimizer.initialState();
  const uniform = uniformsOf(5000 + 100 * run.seed + run.task);
  for (let epoch = 0, step = 1; epoch < run.epochs; epoch++) {
    const order = orderOf(train.count, uniform);
    for (let b = 0; b < perEpoch; b++, step++) {
      const gradient = gradientSum(layers, theta, rowsOf(train, order.slice(b * batch, (b + 1) * batch)));
      const view = (name: string): Float64Array => matrixOf(theta, layerNamed(layers, name));
      // A step divides by the count, which turns the examples' sum into their mean and leaves the penalty's gradient as it is.
      for (const [name, pull] of totalPenalty(anchors, view, { strength }).gradients) {
        const part = matrixOf(gradient, layerNamed(layers, name));
        for (let i = 0; i < pull.length; i++) part[i] += batch * pull[i];
      }
      const next = takeStep(optimizer, state, { step, count: batch, gradientSum: gradient, parameters: theta });
      state = next.state;
      for (let i = 0; i < theta.length; i++) theta[i] += next.delta[i];
    }
  }
  return theta;
}

/** Weights at the end of a task and its Fisher statistics. */
interface TaskEnd {
  readonly theta: Float64Array;
  readonly fisher: readonly LayerFisher[];
}

function remembered(
  anchors: readonly Anchor[],
  memory: Exclude<Memory, 'none'>,
  layers: readonly Layer[],
  end: TaskEnd,
): readonly Anchor[] {
  if (memory !== 'merged')
    return [...anchors, ...layers.map((layer, l) => anchorOf(memory, layer, { theta: end.theta, fisher: end.fisher[l] }))];
  const fresh = kroneckerAnchors(layers, end);
  const before = anchors.filter((anchor) => anchor.kind === 'kronecker');
  return fresh.map((anchor) => mergeAnchorsApproximately([...before.filter(({ layer }) => layer === anchor.layer), anchor]).anchor);
}

/** A Kronecker anchor for each layer. */
export function kroneckerAnchors(layers: readonly Layer[], { theta, fisher }: TaskEnd): KroneckerAnchor[] {
  return layers.map((layer, l) => kroneckerAnchor(layer.name, matrixOf(theta, layer), fisher[l].factors));
}

function anchorOf(
  kind: Anchor['kind'],
  layer: Layer,
  { theta, fisher }: { readonly theta: Float64Array; readonly fisher: LayerFisher },
): Anchor {
  const { name, rows, columns } = layer;
  const weights = matrixOf(theta, layer);
  switch (kind) {
    case 'kronecker':
      return kroneckerAnchor(name, weights, fisher.factors);
    case 'diagonal':
      return diagonalAnchor(name, weights, { fisher: fisher.diagonal, rows, columns });
    case 'euclidean':
      return euclideanAnchor(name, weights, { rows, columns });
  }
}

function adam(size: number, learningRate: number, totalSteps: number): Optimizer {
  return createOptimizer({
    groups: [
      {
        name: 'all',
        parameters: ['theta'],
        method: 'adam',
        learningRate: constant(learningRate),
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0,
      },
    ],
    layers: [],
    parameters: makeLayout([{ name: 'theta', shape: [size] }]),
    totalSteps,
    precision: 'float64',
  });
}

export function initial(layers: readonly Layer[], seed: number): Float64Array {
  const normal = normalsOf(3000 + seed);
  const { start, rows, columns } = layers[layers.length - 1];
  const theta = new Float64Array(start + rows * columns);
  // Variance 1 / fan-in; biases, the last row, start at zero.
  for (const layer of layers)
    matrixOf(theta, layer)
      .subarray(0, (layer.rows - 1) * layer.columns)
      .forEach((_, i, weights) => {
        weights[i] = normal() / Math.sqrt(layer.rows - 1);
      });
  return theta;
}

function rowsOf({ x, labels }: Examples, rows: readonly number[]): Examples {
  const batch = new Float64Array(rows.length * features);
  rows.forEach((row, i) => batch.set(x.subarray(row * features, (row + 1) * features), i * features));
  return { x: batch, labels: Int32Array.from(rows, (row) => labels[row]), count: rows.length };
}

export function layerNamed(layers: readonly Layer[], name: string): Layer {
  const found = layers.find((layer) => layer.name === name);
  if (found === undefined) throw new Error(`expected a layer '${name}', got ${layers.map((layer) => layer.name).join(', ')}`);
  return found;
}
