/**
 * The curvature of one layer over time: moving averages of its two factors and the damped inverses in use, with the step they were
 * computed at. All of it is state, so a run resumed between two refreshes goes on with the same inverses, bit for bit.
 * Keys: `A`, `S` (means), `inverseA`, `inverseS`, `inverseStep` (0: none yet), `pi`; counted since the run began: `fallbacks` (refreshes
 * that left the first rung), `clamped` (factors inverted with negative eigenvalues as zero), `kept` (refreshes that kept the inverses).
 */
import { type Linalg, trace } from '@geodesic/linalg';
import { type FailedFactor, invertDamped } from './damped-inverse.ts';
import { MissingStatisticsError, NonFiniteError, SingularFactorError, StepInputError } from './errors.ts';
import type { KroneckerFactors } from './kronecker-factor.ts';
import { nextMean } from './moving-average.ts';
import { scalar, type StateTree } from './state.ts';
import { squaredNorm } from './vector.ts';

const curvatureKeys = ['A', 'S', 'inverseA', 'inverseS', 'inverseStep', 'pi', 'fallbacks', 'clamped', 'kept'] as const;

/** The shape of a layer's matrix: rows I + 1 (or I without a bias), columns O. */
export interface LayerShape {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** A batch of statistics: sums by key, and what to divide them by. */
export interface StatisticsBatch {
  readonly step: number;
  readonly count: number;
  /** Debias weight that already counts this batch. */
  readonly weight: number;
  readonly statistics: ReadonlyMap<string, ArrayLike<number>>;
}

/** How inverses are formed. */
export interface RefreshOptions {
  readonly step: number;
  readonly damping: number;
  /** Scale S to mean eigenvalue 1 first. */
  readonly normalizeMetric: boolean;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
  /** Told of every factor that could not be inverted on some rung. */
  readonly onFailedFactor?: ((failure: FailedFactor) => void) | undefined;
}

/** The state of a layer of which nothing is known. */
export function initialCurvature({ rows, columns }: LayerShape): Record<(typeof curvatureKeys)[number], Float64Array> {
  return {
    A: new Float64Array(rows * rows),
    S: new Float64Array(columns * columns),
    inverseA: new Float64Array(rows * rows),
    inverseS: new Float64Array(columns * columns),
    inverseStep: scalar(0),
    pi: scalar(0),
    fallbacks: scalar(0),
    clamped: scalar(0),
    kept: scalar(0),
  };
}

/**
 * The state after one more batch of statistics.
 * @throws {MissingStatisticsError | NonFiniteError | StepInputError} naming the layer
 */
export function absorb(layer: LayerShape, state: StateTree, batch: StatisticsBatch): StateTree {
  return { ...state, A: nextFactor(layer, 'A', state, batch), S: nextFactor(layer, 'S', state, batch) };
}

/**
 * The state with inverses of the present means. Where a factor has none the last good inverses stay in use.
 * @throws {SingularFactorError} when there are none yet
 */
export function refresh(layer: LayerShape, state: StateTree, options: RefreshOptions): StateTree {
  const { rows, columns } = layer;
  const { damping, linalg, onFailedFactor: onFailure } = options;
  const output = options.normalizeMetric ? withUnitScale(state['S'], columns) : state['S'];
  const found = invertDamped({ rows, columns, input: state['A'], output }, damping, { linalg, onFailure });
  if (found === undefined) {
    if (!hasInverse(state)) throw new SingularFactorError(layer.name, damping);
    return { ...state, fallbacks: countedUp(state['fallbacks'], 1), kept: countedUp(state['kept'], 1) };
  }
  const { inverse, pi, counters } = found;
  return {
    ...state,
    ...cache(inverse, pi, options.step),
    fallbacks: countedUp(state['fallbacks'], counters.eigen > 0 ? 1 : 0),
    clamped: countedUp(state['clamped'], counters.eigen),
  };
}

function countedUp(counter: Float64Array, by: number): Float64Array {
  return scalar(counter[0] + by);
}

/** A layer's own entries of its group's state, without the layer's name. */
export function curvatureOf(layer: LayerShape, groupState: StateTree): StateTree {
  return Object.fromEntries(curvatureKeys.map((key) => [key, groupState[`${layer.name}/${key}`]]));
}

/** Whether inverses have ever been formed. */
export function hasInverse(state: StateTree): boolean {
  return state['inverseStep'][0] > 0;
}

/** The inverse in use, as the operator V -> A_d^-1 V S_d^-1. */
export function inverseOf({ rows, columns }: LayerShape, state: StateTree): KroneckerFactors {
  return { rows, columns, input: state['inverseA'], output: state['inverseS'] };
}

function cache(inverse: KroneckerFactors, pi: number, step: number): StateTree {
  return { inverseA: inverse.input, inverseS: inverse.output, inverseStep: scalar(step), pi: scalar(pi) };
}

/** The mean of a factor after one more batch, in one pass: a factor may have millions of entries. */
function nextFactor({ name }: LayerShape, factor: 'A' | 'S', state: StateTree, batch: StatisticsBatch): Float64Array {
  const { step, count, weight, statistics } = batch;
  const key = `${factor}/${name}`;
  const sum = statistics.get(key);
  if (sum === undefined) throw new MissingStatisticsError(name, key, step);
  const size = state[factor].length;
  if (sum.length !== size) throw new StepInputError(`statistics '${key}'`, `a full matrix of ${size} entries`, `${sum.length} entries`);
  const next = nextMean(state[factor], sum, weight, count);
  if (!Number.isFinite(squaredNorm(next))) requireFinite(name, key, sum);
  return next;
}

/** Large but finite entries may pass: their squares overflow first. */
function requireFinite(subject: string, key: string, sum: ArrayLike<number>): void {
  for (let index = 0; index < sum.length; index++) {
    const value = sum[index];
    if (!Number.isFinite(value)) throw new NonFiniteError({ quantity: 'statistics', subject, detail: `factor '${key}'`, index, value });
  }
}

function withUnitScale(s: Float64Array, n: number): Float64Array {
  const total = trace(s, n);
  return total > 0 ? s.map((value) => (value * n) / total) : s;
}
