/**
 * The methods, each as `start()`: a function of (theta, step) that takes one step by rounds and answers {delta, passes}. A step is one committed
 * update, whatever was tried and taken back on the way; `passes` counts that, in gradient equivalents.
 */
import { symmetricEigen } from '../../libs/linalg/dist/index.js';
import { createLeastSquares, passesOf } from '../../libs/natural-gradient/dist/index.js';
import { size } from './problem.mjs';

/**
 * Levenberg-Marquardt along paths of an order: 1 plain, 2 geodesic acceleration, more its continuation. `lowerBy` and `rejectBy` say how the
 * damping follows.
 */
export function leastSquares({ order, lowerBy, rejectBy }) {
  const config = { damping: 1e-2, minDamping: 1e-16, maxDamping: 1e8, order, lowerBy, rejectBy };
  return () => {
    const solver = createLeastSquares(config, { size, precision: 'float64' });
    let state = solver.initialState();
    return function* step(theta, number) {
      const output = yield* solver.step(state, { step: number, parameters: theta });
      state = output.state;
      return { delta: output.delta, passes: output.report.passes };
    };
  };
}

const lineSearchPoints = 31;

/**
 * The energy natural gradient as published: least-squares solution of the Gram matrix with the gradient (2 J'r), then the best of 31 lengths 2^-k.
 */
export function energyNaturalGradient() {
  return function* step() {
    const { sums } = yield { program: 'normal' };
    const direction = pseudoSolve(sums.get('JJ'), sums.get('Jr')).map((entry) => -2 * entry);
    let best = { objective: Infinity, length: 0 };
    for (let k = 0; k < lineSearchPoints; k++) {
      const length = 2 ** -k;
      const { columns } = yield { program: 'trial', index: k, move: { direction, alpha: length, mu: 0 } };
      if (columns.get('objective') < best.objective) best = { objective: columns.get('objective'), length };
    }
    return { delta: direction.map((entry) => best.length * entry), passes: passesOf('normal') + lineSearchPoints * passesOf('trial') };
  };
}

/** Adam with the published baseline's constants, at a learning rate. */
export function adam(rate, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}) {
  return () => {
    const [first, second] = [new Float64Array(size), new Float64Array(size)];
    return function* step(_theta, number) {
      const { sums, count } = yield { program: 'gradient' };
      const gradient = sums.get('Jr').map((entry) => (2 * entry) / count);
      for (let i = 0; i < size; i++) {
        first[i] += (1 - beta1) * (gradient[i] - first[i]);
        second[i] += (1 - beta2) * (gradient[i] ** 2 - second[i]);
      }
      const [debias1, debias2] = [1 - beta1 ** number, 1 - beta2 ** number];
      return { delta: first.map((entry, i) => (-rate * entry) / debias1 / (Math.sqrt(second[i] / debias2) + epsilon)), passes: 1 };
    };
  };
}

/** The shortest least-squares solution, singular values below eps n of the largest taken as zero (numpy's default). */
function pseudoSolve(matrix, right) {
  const { values, vectors } = symmetricEigen(matrix, size);
  const cut = 2 ** -52 * size * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const out = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    if (Math.abs(values[j]) <= cut) continue;
    let along = 0;
    for (let i = 0; i < size; i++) along += vectors[i * size + j] * right[i];
    for (let i = 0; i < size; i++) out[i] += (along / values[j]) * vectors[i * size + j];
  }
  return out;
}
