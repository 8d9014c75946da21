/** The curvature of every task: products and roots of the Hessian of its objective in the forward output. */
import { GraphBuilder, evaluate, hessianVector } from '@geodesic/engine';
import { trace, type InputSpec } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import type { Shape, TensorData } from '@geodesic/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { bernoulliTask, classificationTask, gaussianTask, poissonTask, sequenceTask, squaredErrorTask, type Task } from '../src/index.ts';
import { evaluateFunction, labels, tensor } from './evaluate-function.ts';
import { normal, uniform } from './run-layer.ts';

const rows = 3;
const mask = tensor([rows, 4], [1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1]);

interface Entry {
  readonly title: string;
  readonly task: Task;
  /** Of one example's output. */
  readonly shape: Shape;
  readonly y: TensorData;
  readonly masked?: boolean;
}

const entries: readonly Entry[] = [
  { title: 'classification', task: classificationTask({ classes: 4 }), shape: [4], y: labels([0, 3, 2]) },
  { title: 'smoothed labels', task: classificationTask({ classes: 3, labelSmoothing: 0.25 }), shape: [3], y: labels([0, 2, 2]) },
  {
    title: 'a class at every position',
    task: sequenceTask({ classes: 3, positions: 4 }),
    shape: [4, 3],
    y: { ...labels([0, 1, 2, 0, 1, 1, 2, 2, 0, 0, 1, 2]), shape: [rows, 4] },
  },
  {
    title: 'a class at some positions',
    task: sequenceTask({ classes: 3, positions: 4, mask: 'mask' }),
    shape: [4, 3],
    y: { ...labels([0, 1, 2, 0, 1, 1, 2, 2, 0, 0, 1, 2]), shape: [rows, 4] },
    masked: true,
  },
  { title: 'squared error', task: squaredErrorTask({ shape: [2, 2] }), shape: [2, 2], y: normal('y', [rows, 2, 2]) },
  {
    title: 'squared error, masked',
    task: squaredErrorTask({ shape: [4, 2], mask: 'mask' }),
    shape: [4, 2],
    y: normal('y', [rows, 4, 2]),
    masked: true,
  },
  { title: 'bernoulli', task: bernoulliTask({ shape: [4] }), shape: [4], y: uniform('y', [rows, 4]) },
  { title: 'poisson', task: poissonTask({ shape: [3] }), shape: [3], y: tensor([rows, 3], [0, 1, 3, 2, 0, 5, 1, 1, 2]) },
  { title: 'gaussian', task: gaussianTask({ shape: [2] }), shape: [4], y: normal('y', [rows, 2]) },
];

/** Values of a task's tensors; the mask only where it is used. */
function tensorsOf({ task, shape, y, masked }: Entry): Record<string, TensorData> {
  return {
    [task.curvature!.output]: normal('f', [rows, ...shape], 0.6),
    y,
    tangent: normal('u', [rows, ...shape]),
    ...(masked && { mask }),
  };
}

/** H u of the summed objective, by differentiating twice. */
function hessianProduct(entry: Entry): ArrayLike<number> {
  const { task } = entry;
  const values = tensorsOf(entry);
  const specs = Object.entries(values).map(([name, { shape, dtype }]): [string, InputSpec] => [
    name,
    dtype === 'int32' ? { shape, dtype } : { shape },
  ]);
  const { output } = task.curvature!;
  const graph = trace(
    (t) => ({ total: tf.sum(task.terms(t).objective) }),
    Object.fromEntries(specs.filter(([name]) => name !== 'tangent')),
  );
  const builder = GraphBuilder.from(graph);
  const wrt = graph.inputs.find(({ name }) => name === output)!.id;
  const vector = builder.input('tangent', values.tangent.shape, 'float32');
  builder.output('product', hessianVector(builder, { scalar: graph.outputs[0].id, wrt: [wrt], vectors: [vector] })[0]);
  const built = builder.build();
  const fed = built.inputs.map(({ name }) => [name, values[name]] as const);
  return evaluate(built, Object.fromEntries(fed), { precision: 'float64' }).product.data;
}

describe('curvature of tasks', () => {
  it.each(entries.filter(({ title }) => title !== 'gaussian'))('$title: the product is that of the objective’s Hessian', (entry) => {
    const { product } = evaluateFunction(entry.task.curvature!.product, tensorsOf(entry));
    expectClose(product, hessianProduct(entry), { abs: 1e-11, rel: 1e-9 });
  });

  it('gaussian: the product is that of the Fisher information diag(e^-s, 1/2), positive where the Hessian is not', () => {
    const { task } = entries.at(-1)!;
    const outputs = tensor([1, 4], [0.3, -0.2, 0.5, -1]);
    const { product } = evaluateFunction(task.curvature!.product, {
      outputs,
      y: tensor([1, 2], [9, 9]),
      tangent: tensor([1, 4], [1, 1, 1, 1]),
    });
    expectClose(product, [Math.exp(-0.5), Math.exp(1), 0.5, 0.5], { abs: 1e-12 });
  });

  it.each(entries)('$title: the outer products of the roots add up to the Hessian', (entry) => {
    const { task, shape } = entry;
    const { product, roots, rootsOf } = task.curvature!;
    const values = tensorsOf(entry);
    const found = evaluateFunction(rootsOf, values);
    expect(Object.keys(found)).toEqual(Array.from({ length: roots }, (_, k) => `root:${k}`));
    const width = shape.reduce((size, n) => size * n, 1);
    const sum = new Float64Array(rows * width);
    for (const root of Object.values(found)) {
      for (let n = 0; n < rows; n++) {
        let along = 0;
        for (let i = 0; i < width; i++) along += root[n * width + i] * values.tangent.data[n * width + i];
        for (let i = 0; i < width; i++) sum[n * width + i] += along * root[n * width + i];
      }
    }
    expectClose(sum, evaluateFunction(product, values).product, { abs: 1e-11, rel: 1e-9 });
  });
});

describe('bernoulliTask', () => {
  it('reports the squared reconstruction error beside the loss', () => {
    const task = bernoulliTask({ shape: [2] });
    expect(task.columns).toEqual(['loss', 'squaredError']);
    const { squaredError } = evaluateFunction(task.terms, {
      logits: tensor([2, 2], [0, 0, 0, Math.log(3)]),
      y: tensor([2, 2], [1, 0, 0.5, 0.25]),
    });
    expectClose(squaredError, [0.5, 0.25], { abs: 1e-12 });
  });
});
