/**
 * What the exact solve of both curvatures is for: the second of two permuted tasks under a strong Kronecker penalty, 40 full batches from the first
 * task's weights. Steps along the objective's gradient, preconditioned by the present task's curvature alone or by the sum of both, and Adam; each
 * at the best of a small grid of KL bounds or learning rates. The objective is the mean cross-entropy and the penalty. Figures are printed.
 */
import { decomposePair, klScale, solvePair, totalPenalty, type KroneckerAnchor } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { initial, kroneckerAnchors, layerNamed, learn } from './continual-run.ts';
import { type Examples, permutedTasks } from './permuted-tasks.ts';
import { fisherOf, gradientSum, layersOf, lossOf, matrixOf } from './tanh-network.ts';

const layers = layersOf([20, 64, 64, 5]);
const strength = 30;
const damping = 1e-3;
const steps = 40;
const klBounds = [1e-4, 1e-3, 1e-2, 1e-1];
const adamRates = [3e-3, 1e-2, 3e-2, 1e-1];

interface Problem {
  readonly data: Examples;
  readonly anchors: readonly KroneckerAnchor[];
}

function objective({ data, anchors }: Problem, theta: Float64Array): { readonly value: number; readonly gradient: Float64Array } {
  const gradient = gradientSum(layers, theta, data).map((entry) => entry / data.count);
  const view = (name: string): Float64Array => matrixOf(theta, layerNamed(layers, name));
  const { value, gradients } = totalPenalty(anchors, view, { strength });
  for (const [name, pull] of gradients) {
    const part = matrixOf(gradient, layerNamed(layers, name));
    for (let i = 0; i < pull.length; i++) part[i] += pull[i];
  }
  return { value: lossOf(layers, theta, data) + value, gradient };
}

/** The objective at the end; `known` is the strength of the anchor that the preconditioner knows of. */
function descend(problem: Problem, start: Float64Array, { known, klBound }: { readonly known: number; readonly klBound: number }): number {
  const theta = start.slice();
  for (let step = 0; step < steps; step++) {
    const { gradient } = objective(problem, theta);
    const direction = precondition(problem, { theta, gradient, known });
    const product = direction.reduce((sum, entry, i) => sum + entry * gradient[i], 0);
    const scale = klScale({ bound: klBound, learningRate: 1, product });
    for (let i = 0; i < theta.length; i++) theta[i] -= scale * direction[i];
  }
  return objective(problem, theta).value;
}

function precondition(
  { data, anchors }: Problem,
  { theta, gradient, known }: { readonly theta: Float64Array; readonly gradient: Float64Array; readonly known: number },
): Float64Array {
  const fisher = fisherOf(layers, theta, data);
  const direction = new Float64Array(theta.length);
  for (const [l, layer] of layers.entries()) {
    const pair = decomposePair({ current: fisher[l].factors, anchor: anchors[l], strength: known, damping });
    direction.set(solvePair(pair, matrixOf(gradient, layer)), layer.start);
  }
  return direction;
}

const run = { layers, memory: 'kronecker', strength } as const;

/** Weights after the first task, and the second one. */
function secondTask(seed: number): { readonly start: Float64Array; readonly problem: Problem } {
  const [first, second] = permutedTasks(seed, { tasks: 2, train: 1000, test: 10, noise: 0.7 });
  const once = { ...run, seed, epochs: 8, batch: 32, learningRate: 1e-3, anchors: [], task: 0 };
  const start = learn(initial(layers, seed), first.train, once);
  const anchors = kroneckerAnchors(layers, { theta: start, fisher: fisherOf(layers, start, first.train) });
  return { start, problem: { data: second.train, anchors } };
}

describe('the preconditioner of both curvatures', () => {
  it.each([0, 1, 2])('halves at least what the present curvature alone, and Adam, leave of the objective (seed %i)', (seed) => {
    const { start, problem } = secondTask(seed);
    const both = klBounds.map((klBound) => descend(problem, start, { known: strength, klBound }));
    const present = klBounds.map((klBound) => descend(problem, start, { known: 0, klBound }));
    const adam = adamRates.map((learningRate) => {
      const fullBatches = { ...run, seed, epochs: steps, batch: problem.data.count, learningRate, anchors: problem.anchors, task: 1 };
      return objective(problem, learn(start, problem.data, fullBatches)).value;
    });
    const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' ');
    const from = objective(problem, start).value.toFixed(3);
    console.log(`seed ${seed}: from ${from}; both ${shown(both)}; present ${shown(present)}; Adam ${shown(adam)}`);
    expect(Math.min(...both)).toBeLessThan(Math.min(...present) / 2);
    expect(Math.min(...both)).toBeLessThan(Math.min(...adam) / 2);
  });
});
