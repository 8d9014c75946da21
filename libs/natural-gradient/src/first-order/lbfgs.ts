/**
 * L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4) with Powell's damping (Nocedal & Wright, procedure 18.2), for full batches.
 * s = theta_t - theta_(t-1) as it was really applied, y the change of the gradient (L2 term included), H the inverse Hessian of the last m
 * pairs, from H_0 = (s'y / y'y) I of the newest pair:
 *   delta = -eta H g,   at the first step H = min(1, 1 / |g|_1) I, as in PyTorch's LBFGS.
 * Damping: y <- phi y + (1 - phi) B s with phi = 1 where s'y >= 0.2 s'Bs, else 0.8 s'Bs / (s'Bs - s'y), so that s'y > 0 and H stays
 * positive definite without a line search. B = H^-1 needs no matrix: s = -eta H g was the last step, so B s = -eta g.
 */
import type { LbfgsConfig } from '../config.ts';
import { type Group, type GroupInput, type GroupOutput, lengthOf, type Span } from '../group.ts';
import { learningRateAt } from '../schedule.ts';
import { scalar, type StateTree } from '../state.ts';
import { dot } from '../vector.ts';
import { l2Gradient } from '../weight-decay.ts';
import type { PeerOptions } from './matrix-group.ts';

/** A pair whose s and y are closer to perpendicular than this cosine says nothing but rounding. */
const leastCosine = 1e-10;

/**
 * A group that follows L-BFGS. State: `steps`, `changes` [m, n] (s and y, oldest first, the last `pairs` rows in use), and what the next pair is
 * made of: `parameters`, `gradient` [n], `rate`, `taken`. Limitations: pairs of different mini-batches measure noise, not curvature.
 */
export class LbfgsGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly #config: LbfgsConfig;
  readonly #totalSteps: number;

  constructor(name: string, config: LbfgsConfig, options: PeerOptions) {
    this.name = name;
    this.spans = options.parameters;
    this.#config = config;
    this.#totalSteps = options.totalSteps;
  }

  initialState(): StateTree {
    const size = lengthOf(this.spans);
    const { history } = this.#config;
    return {
      steps: new Float64Array(history * size),
      changes: new Float64Array(history * size),
      pairs: scalar(0),
      parameters: new Float64Array(size),
      gradient: new Float64Array(size),
      rate: scalar(0),
      taken: scalar(0),
    };
  }

  statisticsDue(): boolean {
    return false;
  }

  step(state: StateTree, input: GroupInput): GroupOutput {
    const { learningRate: schedule, weightDecay, history } = this.#config;
    const learningRate = learningRateAt(schedule, input.step, this.#totalSteps);
    // A copy: the state outlives the step's buffers.
    const gradient = new Float64Array(l2Gradient(input.gradient, input.parameters, weightDecay));
    const parameters = new Float64Array(input.parameters);
    const { steps, changes, pairs } = state['taken'][0] > 0 ? withNewPair(state, { gradient, parameters, history }) : state;
    const direction = pairs[0] > 0 ? twoLoops(gradient, { steps, changes, pairs: pairs[0], history }) : firstDirection(gradient);
    const update = new Float64Array(direction.length);
    for (let i = 0; i < update.length; i++) update[i] = -learningRate * direction[i];
    return {
      update,
      state: { steps, changes, pairs, parameters, gradient, rate: scalar(learningRate), taken: scalar(state['taken'][0] + 1) },
      report: { learningRate, pairs: pairs[0] },
    };
  }
}

/** The pairs with the newest one at the end, damped; unchanged where it says nothing. */
function withNewPair(
  state: StateTree,
  now: { readonly gradient: Float64Array; readonly parameters: Float64Array; readonly history: number },
): StateTree {
  const { gradient, parameters, history } = now;
  const n = gradient.length;
  const [before, gradientBefore, rate] = [state['parameters'], state['gradient'], state['rate'][0]];
  const s = new Float64Array(n);
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    s[i] = parameters[i] - before[i];
    y[i] = gradient[i] - gradientBefore[i];
  }
  const stepCurvature = -rate * dot(s, gradientBefore); // s'Bs
  const curvature = dot(s, y);
  if (curvature < 0.2 * stepCurvature) {
    const phi = (0.8 * stepCurvature) / (stepCurvature - curvature);
    for (let i = 0; i < n; i++) y[i] = phi * y[i] - (1 - phi) * rate * gradientBefore[i];
  }
  if (!(dot(s, y) > leastCosine * Math.sqrt(dot(s, s) * dot(y, y)))) return state;
  return {
    steps: appended(state['steps'], s, n),
    changes: appended(state['changes'], y, n),
    pairs: scalar(Math.min(history, state['pairs'][0] + 1)),
  };
}

/** Rows moved up by one, the new one last. */
function appended(rows: Float64Array, row: Float64Array, n: number): Float64Array {
  const out = new Float64Array(rows.length);
  out.set(rows.subarray(n));
  out.set(row, rows.length - n);
  return out;
}

interface Pairs {
  readonly steps: Float64Array;
  readonly changes: Float64Array;
  readonly pairs: number;
  readonly history: number;
}

/** H g by the two-loop recursion: O(4 m n). */
function twoLoops(gradient: Float64Array, { steps, changes, pairs, history }: Pairs): Float64Array {
  const n = gradient.length;
  const rowOf = (rows: Float64Array, pair: number): Float64Array => rows.subarray(pair * n, (pair + 1) * n);
  const q = gradient.slice();
  const alphas = new Float64Array(history);
  for (let pair = history - 1; pair >= history - pairs; pair--) {
    const [s, y] = [rowOf(steps, pair), rowOf(changes, pair)];
    alphas[pair] = dot(s, q) / dot(s, y);
    for (let i = 0; i < n; i++) q[i] -= alphas[pair] * y[i];
  }
  const [newestStep, newestChange] = [rowOf(steps, history - 1), rowOf(changes, history - 1)];
  const scale = dot(newestStep, newestChange) / dot(newestChange, newestChange);
  for (let i = 0; i < n; i++) q[i] *= scale;
  for (let pair = history - pairs; pair < history; pair++) {
    const [s, y] = [rowOf(steps, pair), rowOf(changes, pair)];
    const beta = dot(y, q) / dot(s, y);
    for (let i = 0; i < n; i++) q[i] += (alphas[pair] - beta) * s[i];
  }
  return q;
}

/** min(1, 1 / |g|_1) g */
function firstDirection(gradient: Float64Array): Float64Array {
  let norm = 0;
  for (let i = 0; i < gradient.length; i++) norm += Math.abs(gradient[i]);
  const scale = norm > 1 ? 1 / norm : 1;
  const out = new Float64Array(gradient.length);
  for (let i = 0; i < out.length; i++) out[i] = scale * gradient[i];
  return out;
}
