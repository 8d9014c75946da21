/**
 * Levenberg-Marquardt for least squares h(theta) = (1/N) sum_n |r_n(theta)|^2 / 2, along a path of order K instead of a straight line:
 *   theta(t) = theta + sum_(k=1..K) c_k t^k, taken at t = 1,
 *   c_1 = -(A + lambda I)^-1 g,   A = J'J / N, g = J'r / N,
 *   c_k = -(A + lambda I)^-1 J' r^(k) / (N k!),   r^(k) = d^k/dt^k r(theta(t)) at t = 0 along the terms below k.
 * So the residuals' own curve is straightened, order by order: K = 2 is geodesic acceleration (Transtrum & Sethna 2012; c_2 is their half
 * acceleration), with the exact second directional derivative instead of finite differences; K > 2 continues the series, each term with the
 * factor of A + lambda I that is there already. A term that does not shrink ends the series. With rho = (h(theta) - h(theta(1))) / (h(theta) -
 * |r + J c_1|^2 / 2N): accepted where rho > 1e-4; lambda falls where rho > 3/4, and rises where rho < 1/4 or at a rejection.
 * Everything rests on sums over examples and their count, so that it is distributed by construction. P parameters.
 */
import { defaultLinalg, type Linalg, NotPositiveDefiniteError } from '@geodesic/linalg';
import { MissingStatisticsError, NonFiniteError, RoundFailedError, SearchFailedError } from '../errors.ts';
import type { Precision } from '../natural-group.ts';
import { inAttempt } from '../request-numbers.ts';
import type { Combination, FloatArray, Rejection, Rounds, RoundTotals } from '../rounds.ts';
import { roundedTo } from '../search/combine.ts';
import { roundingShare } from '../search/levenberg-marquardt.ts';
import { scalar, type StateTree } from '../state.ts';
import { dot } from '../vector.ts';
import { type CompleteLeastSquaresConfig, completeLeastSquaresConfig, type LeastSquaresConfig } from './config.ts';

/** What is not in the options. */
export interface LeastSquaresTools {
  /** P */
  readonly size: number;
  /** Of the vectors that rounds are sent and of the change. Default float32. */
  readonly precision?: Precision | undefined;
  readonly linalg?: Linalg | undefined;
}

/** What a step is asked with. */
export interface LeastSquaresInput {
  /** 1-based. */
  readonly step: number;
  /** theta before the step, [P]. */
  readonly parameters: FloatArray;
}

/** Lengths of steps, relative to that of theta, that are rounding. */
const shortest = { float32: 2 ** -21, float64: 2 ** -49 } as const;

/** A step that was accepted. */
export interface LeastSquaresOutput {
  /** To be added to theta, [P]; zeros where nothing is left to gain: no step that theta could resolve lowers the objective. */
  readonly delta: FloatArray;
  readonly state: StateTree;
  /** `objective` before and `after`, `damping` of the step, `order` of the path taken, `ratio`, `rejections`, `converged`; `passes`, see {@link passesOf}. */
  readonly report: Readonly<Record<string, number>>;
}

/** Least squares by rounds. */
export interface LeastSquares {
  /** `damping`: the lambda that the next step starts with. */
  initialState(): StateTree;
  /**
   * One step; yields
   *   normal              sums `JJ` [P, P], `Jr` [P], column `objective`, the sum of |r|^2 / 2
   *   acceleration        vector `direction`, 1! c_1: sum `Ja` [P] = J' r^(2)
   *   acceleration-<k>    k > 2; vectors `direction`, .., `direction-<k-1>`, each i! c_i, the derivatives of the path: sum `Ja` = J' r^(k)
   *   trial               move; columns `objective`, `sound`
   * @throws {SearchFailedError} after too many rejections in a row
   */
  step(state: StateTree, input: LeastSquaresInput): Rounds<LeastSquaresOutput>;
}

/** Least squares with the given options. @throws {RangeError} for an option out of range */
export function createLeastSquares(config: LeastSquaresConfig, tools: LeastSquaresTools): LeastSquares {
  return new LevenbergMarquardt(completeLeastSquaresConfig(config), tools);
}

/**
 * Gradient equivalents of a round, where a forward pass is 1/3, a forward derivative 2/3 and a backward pass 2/3 of one: `normal` counts as a
 * gradient (of every example by itself), order k as k nested forward derivatives and a backward pass.
 */
export function passesOf(program: string): number {
  if (program === 'trial') return 1 / 3;
  if (!program.startsWith('acceleration')) return 1;
  const order = Number(program.split('-')[1] ?? 2);
  return ((order + 1) * 2) / 3;
}

/** The normal equations at theta. */
interface Normal {
  readonly step: number;
  readonly count: number;
  /** A [P, P]. */
  readonly matrix: Float64Array;
  /** g [P]. */
  readonly gradient: Float64Array;
  readonly objective: number;
  /** Length of a step that is rounding of theta. */
  readonly resolution: number;
}

/** The path at one lambda, and what was met on it. */
type Attempt =
  | { readonly kind: 'accepted'; readonly move: Combination; readonly after: number; readonly ratio: number; readonly order: number }
  | { readonly kind: 'converged' }
  | { readonly kind: 'rejected'; readonly reason: string };

class LevenbergMarquardt implements LeastSquares {
  readonly #config: CompleteLeastSquaresConfig;
  readonly #size: number;
  readonly #precision: Precision;
  readonly #linalg: Linalg;

  constructor(config: CompleteLeastSquaresConfig, { size, precision = 'float32', linalg = defaultLinalg() }: LeastSquaresTools) {
    this.#config = config;
    this.#size = size;
    this.#precision = precision;
    this.#linalg = linalg;
  }

  initialState(): StateTree {
    return { damping: scalar(this.#config.damping) };
  }

  *step(state: StateTree, { step, parameters }: LeastSquaresInput): Rounds<LeastSquaresOutput> {
    let passes = 0;
    const counted = (program: string): void => void (passes += passesOf(program));
    const resolution = shortest[this.#precision] * norm(parameters);
    const normal = this.#normalOf(yield { program: 'normal' }, { step, resolution });
    counted('normal');
    const reasons: string[] = [];
    let damping = state['damping'][0];
    let rejected: Rejection | undefined;
    while (reasons.length <= this.#config.maxRejections) {
      const found = yield* inAttempt(this.#attempt(normal, damping, counted), { attempt: reasons.length, rejected });
      const numbers = { objective: normal.objective, damping, rejections: reasons.length, passes };
      if (found.kind === 'converged') {
        const delta = roundedTo(this.#precision, new Float64Array(this.#size));
        return { delta, state, report: { ...numbers, after: normal.objective, ratio: 1, order: 0, converged: 1 } };
      }
      if (found.kind === 'accepted') {
        const { move, after, ratio, order } = found;
        const next = { damping: scalar(this.#moved(damping, ratio)) };
        return { delta: move.direction, state: next, report: { ...numbers, after, ratio, order, converged: 0 } };
      }
      damping = this.#clipped(damping * this.#config.rejectBy);
      reasons.push(found.reason);
      rejected = { reason: found.reason, damping };
    }
    throw new SearchFailedError(step, reasons, damping);
  }

  *#attempt(normal: Normal, damping: number, counted: (program: string) => void): Rounds<Attempt> {
    const solve = this.#factorised(normal, damping);
    if (solve === undefined) return { kind: 'rejected', reason: `J'J is not positive definite at the damping ${damping}` };
    const first = solve(normal.gradient).map((entry) => -entry);
    const expected = 0.5 * (damping * dot(first, first) - dot(first, normal.gradient));
    const isRounding = !(expected > roundingShare[this.#precision] * normal.objective) || norm(first) <= normal.resolution;
    if (isRounding) return { kind: 'converged' };
    try {
      const path = yield* this.#path(first, { normal, solve, counted });
      const total = new Float64Array(this.#size);
      for (const term of path) for (let i = 0; i < total.length; i++) total[i] += term[i];
      const move = { direction: roundedTo(this.#precision, total), alpha: 1, mu: 0 };
      const { columns, count } = yield { program: 'trial', move };
      counted('trial');
      const after = columns.get('objective')! / count;
      if (!(columns.get('sound')! >= count) || !Number.isFinite(after))
        return { kind: 'rejected', reason: 'the objective is not finite there' };
      const ratio = (normal.objective - after) / expected;
      if (ratio > 1e-4) return { kind: 'accepted', move, after, ratio, order: path.length };
      return { kind: 'rejected', reason: `the objective goes from ${normal.objective} to ${after}` };
    } catch (error) {
      if (error instanceof RoundFailedError) return { kind: 'rejected', reason: error.reason };
      throw error;
    }
  }

  /** c_1, c_2, .. as far as they shrink. */
  *#path(
    first: Float64Array,
    {
      normal,
      solve,
      counted,
    }: { readonly normal: Normal; readonly solve: (b: Float64Array) => Float64Array; readonly counted: (program: string) => void },
  ): Rounds<readonly Float64Array[]> {
    const { order, acceleration } = this.#config;
    const path = [first];
    const vectors: Record<string, FloatArray> = { direction: roundedTo(this.#precision, first) };
    let factorial = 1;
    for (let k = 2; k <= order; k++) {
      const program = k === 2 ? 'acceleration' : `acceleration-${k}`;
      const totals = yield { program, vectors: { ...vectors } };
      counted(program);
      factorial *= k;
      const term = solve(sumOf(totals, 'Ja', normal.step)).map((entry) => -entry / (normal.count * factorial));
      const bound = (k === 2 ? acceleration / 2 : acceleration) * norm(path[k - 2]);
      if (!(norm(term) < bound)) break;
      path.push(term);
      const derivative = factorial;
      vectors[`direction-${k}`] = roundedTo(
        this.#precision,
        term.map((entry) => entry * derivative),
      );
    }
    return path;
  }

  #normalOf(totals: RoundTotals, at: Pick<Normal, 'step' | 'resolution'>): Normal {
    const { count } = totals;
    const [matrix, gradient] = [sumOf(totals, 'JJ', at.step), sumOf(totals, 'Jr', at.step)].map((sum) => sum.map((entry) => entry / count));
    return { ...at, count, matrix, gradient, objective: totals.columns.get('objective')! / count };
  }

  #factorised({ matrix }: Normal, damping: number): ((b: Float64Array) => Float64Array) | undefined {
    const size = this.#size;
    const damped = matrix.slice();
    for (let i = 0; i < size; i++) damped[i * (size + 1)] += damping;
    try {
      const factor = this.#linalg.cholesky(damped, size);
      return (b) => this.#linalg.choleskySolve(factor, size, b, 1);
    } catch (error) {
      if (error instanceof NotPositiveDefiniteError) return undefined;
      throw error;
    }
  }

  #moved(damping: number, ratio: number): number {
    const { lowerBy, raiseBy } = this.#config;
    if (ratio > 0.75) return this.#clipped(damping / lowerBy);
    return ratio < 0.25 ? this.#clipped(damping * raiseBy) : damping;
  }

  #clipped(damping: number): number {
    return Math.min(this.#config.maxDamping, Math.max(this.#config.minDamping, damping));
  }
}

function norm(v: FloatArray): number {
  return Math.sqrt(dot(v, v));
}

/** A sum as doubles, all finite. */
function sumOf({ sums }: RoundTotals, name: string, step: number): Float64Array {
  const sum = sums.get(name);
  if (sum === undefined) throw new MissingStatisticsError('all', name, step);
  const index = Array.prototype.findIndex.call(sum, (entry: number) => !Number.isFinite(entry));
  if (index >= 0) throw new NonFiniteError({ quantity: 'statistics', subject: name, detail: `sum '${name}'`, index, value: sum[index] });
  return Float64Array.from(sum);
}
