/**
 * B5: what conditioning costs. On regressions with cond(F) = 1e8, undamped and in float64: natural gradient with the dense Fisher matrix takes one
 * step, conjugate gradients as many products as there are parameters, gradient descent some condition number of steps, which is computed from
 * the eigenvalues and shown on a run that is cut off. Both first go through the optimiser as a run does. The logistic model converges
 * quadratically.
 */
import { createOptimizer } from '../../libs/natural-gradient/dist/index.js';
import { makeLayout } from '../../libs/tensor/dist/index.js';
import { printResult } from '../shared/result-line.mjs';
import { significant } from '../shared/statistics.mjs';
import { condition, eigenvalues, features, inEigenbasis, models, truth, worker } from './problem.mjs';

const goal = 1e-8;
/** Of lambda; beside the least eigenvalue, 1e-8, it changes the solution by a part in 1e10 less than rounding does. */
const undamped = 1e-26;
const logisticSteps = 8;
const profiles = { quick: { descentSteps: 20_000 }, full: { descentSteps: 1_000_000 } };

/** Runs the benchmark; prints a line for each case. */
export async function run({ profile }) {
  const dense = take('block', models.linear, 1);
  const cg = take('cg', models.linear, 1);
  const { descentSteps } = profiles[profile];
  const common = { benchmark: 'B5', seed: null, condition, parameters: features, profile };
  printResult({
    ...common,
    case: 'dense natural gradient: error after one step',
    unit: 'relative error',
    ours: significant(dense.errors[0], 2),
    goal,
    met: dense.errors[0] <= goal,
  });
  printResult({
    ...common,
    case: 'conjugate gradients: products in one step',
    unit: 'products',
    ours: cg.products[0],
    goal: features,
    met: cg.products[0] <= features && cg.errors[0] <= goal,
    error: significant(cg.errors[0], 2),
  });
  const needed = descentSteps1e8();
  printResult({
    ...common,
    case: `gradient descent: steps to ${goal}, computed`,
    unit: 'steps',
    ours: 1,
    peer: needed,
    peerName: 'gradient descent at its best constant rate',
    ratio: needed,
    goal: condition,
    stepsOverCondition: significant(needed / condition, 3),
    cutOffAfter: descentSteps,
    errorThere: significant(errorOfDescent(descentSteps), 3),
    errorOfRun: significant(runDescent(descentSteps), 3),
  });
  for (const method of ['block', 'cg']) {
    const { errors } = take(method, models.logistic, logisticSteps);
    const last = errors.findIndex((error) => error <= goal);
    printResult({
      ...common,
      case: `logistic, ${method}: steps to ${goal}`,
      unit: 'steps',
      ours: last < 0 ? null : last + 1,
      met: last >= 0 && isQuadratic(errors.slice(0, last + 1)),
      errors: errors.map((error) => significant(error, 2)),
      errorOverSquareBefore: errors.slice(1, last + 1).map((error, i) => significant(error / errors[i] ** 2, 2)),
    });
  }
}

/** Steps of an optimiser with one group from zero: relative errors, and products asked for. */
function take(method, model, steps) {
  const parameters = makeLayout([{ name: 'all', shape: [features, 1] }]);
  const layers = [{ name: 'all', inputs: features, outputs: 1, bias: false, offset: 0 }];
  const rate = { initial: 1, final: 1, warmupSteps: 0, shape: 'constant' };
  const natural = { learningRate: rate, momentum: 0, klClip: null, damping: undamped, weightDecay: 0 };
  const options = {
    block: { layers: ['all'], factorDecay: 0, statisticsEvery: 1, inverseEvery: 1, fisher: 'exact' },
    cg: { iterations: features, tolerance: 1e-15, progress: 0, warmStart: 0, preconditioner: null },
  };
  const group = { name: 'regression', parameters: ['all'], method, ...natural, ...options[method] };
  const optimizer = createOptimizer({ groups: [group], layers, parameters, totalSteps: steps, precision: 'float64' });
  const answer = worker(model);
  const theta = new Float64Array(features);
  const [errors, products] = [[], []];
  let state = optimizer.initialState();
  for (let step = 1; step <= steps; step++) {
    const rounds = optimizer.step(state, { step, parameters: theta });
    let asked = 0;
    let next = rounds.next();
    while (!next.done) {
      if (next.value.program === 'product') asked++;
      next = rounds.next(answer(theta, next.value));
    }
    state = next.value.state;
    next.value.delta.forEach((entry, i) => (theta[i] += entry));
    errors.push(relativeError(theta));
    products.push(asked);
  }
  return { errors, products };
}

/** Each error is at most a constant times the square of the one before, as long as that square is above rounding. */
function isQuadratic(errors) {
  return errors.every((error, i) => i === 0 || errors[i - 1] > 0.3 || error <= Math.max(10 * errors[i - 1] ** 2, goal));
}

const bestRate = 2 / (eigenvalues[0] + eigenvalues.at(-1));

/** Relative error of gradient descent from zero after t steps, in closed form: each eigendirection contracts by 1 - rate eigenvalue. */
function errorOfDescent(t) {
  const along = inEigenbasis(truth);
  let sum = 0;
  for (let k = 0; k < features; k++) sum += (along[k] * Math.exp(t * Math.log(Math.abs(1 - bestRate * eigenvalues[k])))) ** 2;
  return Math.sqrt(sum) / norm(truth);
}

/** The least t at which that error reaches the goal. */
function descentSteps1e8() {
  let [below, above] = [0, 1];
  while (errorOfDescent(above) > goal) above *= 2;
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (errorOfDescent(middle) > goal) below = middle;
    else above = middle;
  }
  return above;
}

/** The same by running it. */
function runDescent(steps) {
  const answer = worker(models.linear);
  const theta = new Float64Array(features);
  for (let step = 0; step < steps; step++) {
    const { count, sums } = answer(theta, { program: 'grad' });
    sums.get('gradient').forEach((entry, i) => (theta[i] -= (bestRate * entry) / count));
  }
  return relativeError(theta);
}

function relativeError(theta) {
  return norm(theta.map((entry, i) => entry - truth[i])) / norm(truth);
}

function norm(v) {
  return Math.sqrt(v.reduce((sum, entry) => sum + entry * entry, 0));
}
