/**
 * Whole trajectories of natural gradient in float64: they do not see how inputs and activations are written (Martens and Grosse 2015,
 * theorem 1), how the loss is scaled, or how the batch is laid out; damping by the identity breaks the first, damping by A (x) M keeps it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { classificationTask, dense, emptyTables, layeredModel, sequential, type Model, type Task } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import { describe, expect, it } from 'vitest';
import { distance, trajectory, type Problem, type Trajectory } from './trajectory.ts';

type Matrix = readonly (readonly number[])[];

const [inputs, hidden, classes, examples] = [3, 4, 3, 24];
const task = classificationTask({ classes });

/** 3 -> 4 -> 3, its logits a chart with the metric I. */
function net(activation: (s: tf.Tensor) => tf.Tensor = tf.tanh, trainedFor: Task = task): Model {
  const model = layeredModel({
    net: sequential([
      dense({ name: 'dense1', inputs, outputs: hidden }),
      { ...emptyTables, apply: (_, s) => activation(s) },
      dense({ name: 'head', inputs: hidden, outputs: classes }),
    ]),
    featureShape: [inputs],
    task: trainedFor,
    output: 'logits',
  });
  const random = [{ name: 'normal:metric', purpose: 'metric', width: classes, distribution: 'normal' as const }];
  return {
    ...model,
    charts: [{ output: 'logits', layers: ['dense1', 'head'] }],
    metricCotangents: { random, draw: (t) => ({ logits: t['normal:metric'] }) },
  };
}

function normal(name: string, size: number, scale = 1): Float64Array {
  const out = new Float64Array(size);
  fillNormal(deriveKey(5, name), 0, out);
  return out.map((value) => scale * value);
}

const rowsOf = (flat: Float64Array, width: number): number[][] =>
  Array.from({ length: flat.length / width }, (_, row) => [...flat.subarray(row * width, (row + 1) * width)]);
const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

/** Gauss and Jordan, with pivots. */
function inverse(matrix: Matrix): number[][] {
  const n = matrix.length;
  const work = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < n; column++) {
    const pivot = work.reduce((best, row, i) => (i >= column && Math.abs(row[column]) > Math.abs(work[best][column]) ? i : best), column);
    [work[column], work[pivot]] = [work[pivot], work[column]];
    work[column] = work[column].map((value) => value / work[column][column]);
    for (let i = 0; i < n; i++) if (i !== column) work[i] = work[i].map((value, j) => value - work[i][column] * work[column][j]);
  }
  return work.map((row) => row.slice(n));
}

/** [M 0; c 1]: what an affine map v M + c is to homogeneous rows. */
const affine = (linear: Matrix, shift: readonly number[]): number[][] => [...linear.map((row) => [...row, 0]), [...shift, 1]];

const first: Problem = {
  model: net(),
  x: rowsOf(normal('x', examples * inputs), inputs),
  y: Array.from({ length: examples }, (_, i) => (i * i) % classes),
  theta: normal('theta', (inputs + 1) * hidden + (hidden + 1) * classes, 0.7),
};
const split = (inputs + 1) * hidden;
const [w1, w2] = [rowsOf(first.theta.subarray(0, split), hidden), rowsOf(first.theta.subarray(split), classes)];

/** The same function of inputs that are written as x B + c. */
function mappedInputs(): Problem {
  const [linear, shift] = [
    [
      [1.5, 0.4, -0.3],
      [0.2, 0.6, 0.5],
      [-0.1, 0.3, 2],
    ],
    [0.5, -1, 0.25],
  ];
  const map = affine(linear, shift);
  const x = product(
    first.x.map((row) => [...row, 1]),
    map,
  ).map((row) => row.slice(0, inputs));
  return { ...first, x, theta: Float64Array.from([...product(inverse(map), w1), ...w2].flat()) };
}

/** The same function with pre-activations s' = s Omega + b and activations a' = tanh(s) Phi + c. */
function mappedActivations(): Problem {
  const omega = [
    [2, 0.3, 0, 0.1],
    [0.2, 0.5, 0.1, 0],
    [0, -0.4, 1.2, 0.3],
    [0.5, 0, 0.2, 0.8],
  ];
  const phi = [
    [0.6, 0.2, 0.1, 0],
    [-0.3, 1.4, 0, 0.2],
    [0.1, 0, 2.2, -0.4],
    [0, 0.3, 0.1, 1],
  ];
  const [b, c] = [
    [0.3, -0.2, 0.1, 0.5],
    [-0.4, 0.2, 0.6, 0.1],
  ];
  const matrix = (rows: Matrix): tf.Tensor2D => tf.tensor2d(rows.map((row) => [...row]));
  const activation = (s: tf.Tensor): tf.Tensor => {
    const plain = tf.matMul(tf.sub(s, tf.tensor1d(b)), matrix(inverse(omega)));
    return tf.add(tf.matMul(tf.tanh(plain), matrix(phi)), tf.tensor1d(c));
  };
  const before = product(w1, omega);
  before[inputs] = before[inputs].map((value, j) => value + b[j]);
  return { ...first, model: net(activation), theta: Float64Array.from([...before, ...product(inverse(affine(phi, c)), w2)].flat()) };
}

const common = { learningRate: 0.3, momentum: 0.5, klClip: null, damping: 0.1 };
const kfac = { ...common, method: 'kfac', inverseEvery: 2 };
const searched = { rule: 'quadratic', damping: 0.1, adaptEvery: 2 };

function run(problem: Problem, group: object | undefined, search?: object): Trajectory {
  return trajectory(problem, { steps: 5, optimizer: { group, search } });
}

function meanLoss({ losses }: Trajectory, step: number): number {
  return losses[step].reduce((sum, value) => sum + value, 0) / losses[step].length;
}

describe('the trajectory of K-FAC when inputs or activations are written in other coordinates', () => {
  const [inputsMapped, activationsMapped] = [mappedInputs(), mappedActivations()];

  it('goes far in these five steps, from the same losses', () => {
    const plain = run(first, kfac);
    expect(meanLoss(plain, 5)).toBeLessThan(0.6 * meanLoss(plain, 0));
    for (const mapped of [inputsMapped, activationsMapped])
      run(mapped, kfac).losses[0].forEach((loss, n) => expect(loss).toBeCloseTo(plain.losses[0][n], 6));
  });

  it.each([
    ['inputs', { undampedInputs: ['dense1'] }, inputsMapped],
    ['inputs', { dampingRule: 'metric' }, inputsMapped],
    ['inputs', { dampingRule: 'metric', fisher: 'exact' }, inputsMapped],
    ['activations', { dampingRule: 'metric' }, activationsMapped],
    ['activations', { dampingRule: 'metric', fisher: 'exact' }, activationsMapped],
  ])('stays where its damping moves with the coordinates: %s, %j', (_, options, mapped) => {
    expect(distance(run(first, { ...kfac, ...options }), run(mapped, { ...kfac, ...options }))).toBeLessThan(1e-6);
  });

  it.each([
    ['inputs', {}, inputsMapped],
    ['inputs', { dampingRule: 'eigenbasis' }, inputsMapped],
    ['activations', {}, activationsMapped],
    ['activations', { dampingRule: 'eigenbasis' }, activationsMapped],
    // The inputs of a layer alone: its outputs are still damped by the identity.
    ['activations', { undampedInputs: ['**'] }, activationsMapped],
  ])('changes where the identity damps: %s, %j', (_, options, mapped) => {
    expect(distance(run(first, { ...kfac, ...options }), run(mapped, { ...kfac, ...options }))).toBeGreaterThan(1e-2);
  });
});

/** All methods with sums that could be scaled wrongly; in float64 their trajectories agree to rounding. */
const methods: readonly (readonly [object, object?])[] = [
  [kfac],
  [{ ...kfac, fisher: 'exact', burnIn: 1 }],
  [{ ...kfac, dampingRule: 'eigenbasis', weightDecay: 0.01, klClip: 0.01 }],
  [{ ...common, method: 'ekfac', inverseEvery: 2 }],
  [{ ...common, method: 'diagonal' }],
  [{ ...common, method: 'block' }],
  [{ ...common, method: 'cg', iterations: 4 }],
  [{ ...common, method: 'cg', iterations: 2, preconditioner: 'kfac' }],
  [{ ...common, method: 'kernel' }],
  [{ ...common, method: 'kernel', spring: 0.5 }],
  [{ method: 'kfac' }, searched],
  [
    { method: 'ekfac', fisher: 'exact' },
    { ...searched, momentum: 0.5 },
  ],
];

describe.each(methods)('the trajectory of %j %j', (group, search) => {
  const plain = run(first, group, search);
  const order = first.x.map((_, i) => (i * 7 + 3) % examples);
  const permuted: Problem = { ...first, x: order.map((i) => first.x[i]), y: order.map((i) => first.y![i]), keys: order };
  const doubled: Problem = {
    ...first,
    x: [...first.x, ...first.x],
    y: [...first.y!, ...first.y!],
    keys: [...order.keys(), ...order.keys()],
  };

  it('does not see the order of the examples', () => {
    const { losses, theta } = run(permuted, group, search);
    expect(distance(plain, { losses: losses.map((row) => order.map((_, i) => row[order.indexOf(i)])), theta })).toBeLessThan(1e-9);
  });

  it('does not see that every example comes twice', () => {
    const { losses, theta } = run(doubled, group, search);
    expect(distance(plain, { losses: losses.map((row) => row.slice(0, examples)), theta })).toBeLessThan(1e-9);
  });

  it.each([2, 3, 8])('does not see that the batch is added up from %i parts', (parts) => {
    expect(distance(plain, run({ ...first, parts }, group, search))).toBeLessThan(1e-9);
  });

  it('sees one example more', () => {
    const more = { ...first, x: [...first.x, [1, 1, 1]], y: [...first.y!, 0] };
    const { losses, theta } = run(more, group, search);
    expect(distance(plain, { losses: losses.map((row) => row.slice(0, examples)), theta })).toBeGreaterThan(1e-4);
  });
});

describe('the trajectory of a loss that is multiplied by 4', () => {
  /** The objective, its gradient and its Hessian times 4; the reported loss stays. */
  const scaled: Task = {
    ...task,
    terms: (t) => {
      const terms = task.terms(t);
      return { ...terms, objective: tf.mul(4, terms.objective) };
    },
    curvature: {
      ...task.curvature!,
      product: (t) => ({ product: tf.mul(4, task.curvature!.product(t).product) }),
      rootsOf: (t) => Object.fromEntries(Object.entries(task.curvature!.rootsOf(t)).map(([name, root]) => [name, tf.mul(2, root)])),
    },
  };
  const problem: Problem = { ...first, model: net(tf.tanh, scaled) };
  const exact = { fisher: 'exact', weightDecay: 0.01 };

  it.each<[object, object?]>([
    [{ ...kfac, ...exact }],
    [{ ...kfac, ...exact, dampingRule: 'eigenbasis' }],
    [{ ...common, ...exact, method: 'ekfac', inverseEvery: 2 }],
    [{ ...common, ...exact, method: 'diagonal' }],
    [{ ...common, ...exact, method: 'block' }],
    [{ ...common, method: 'cg', iterations: 4, weightDecay: 0.01 }],
    [{ method: 'kfac', ...exact }, searched],
  ])('is the same when damping and decay are, too: %j %j', (group, search) => {
    const times4 = <T extends object>(options: T): T =>
      Object.fromEntries(
        Object.entries(options).map(([key, value]) => [
          key,
          key === 'damping' || key === 'weightDecay' ? 4 * (value as number) : (value as unknown),
        ]),
      ) as T;
    const plain = run(first, group, search);
    expect(distance(plain, run(problem, times4(group), search && times4(search)))).toBeLessThan(1e-9);
    expect(distance(plain, run(problem, group, search))).toBeGreaterThan(1e-3);
  });
});
