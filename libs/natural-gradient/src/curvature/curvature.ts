/**
 * What a curvature is to the rest of the optimiser: one symmetric positive semi-definite matrix C [n, n] over the parameters of a layer
 * or of a group, known by its action. C is that of the MEAN loss: statistics are sums, divided by the count of examples once, here.
 * All knowledge is in a state tree that a call never writes to; the object itself holds shapes and options only.
 * The order of the n numbers is that of theta: a layer's matrix [rows, columns] row-major, rows = inputs (+ 1 for the bias, last).
 */
import type { Linalg } from '@geodesic/linalg';
import type { FailedFactorObserver } from '../damping/failed-factor.ts';
import type { LayerReport } from '../layer-report.ts';
import type { Rounds } from '../rounds.ts';
import type { StateTree } from '../state.ts';

/** A batch of statistics: sums by key, and what to divide them by. */
export interface StatisticsBatch {
  readonly step: number;
  /** Real examples behind the sums. */
  readonly count: number;
  readonly statistics: ReadonlyMap<string, ArrayLike<number>>;
}

/** How a refresh forms what `solve` uses. */
export interface RefreshOptions {
  readonly step: number;
  /** lambda > 0, the L2 coefficient included. */
  readonly damping: number;
  /** Refresh only these layers and those never refreshed; default all. */
  readonly only?: ReadonlySet<string> | undefined;
}

/** What every curvature is made with. */
export interface CurvatureTools {
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
  readonly onFailedFactor?: FailedFactorObserver | undefined;
  /** Of vectors that workers are sent; default float32. */
  readonly precision?: 'float32' | 'float64' | undefined;
  /** Ridge on factors that are not damped, relative to their mean eigenvalue; default of the precision's rounding size. 0 is exact, for tests. */
  readonly relativeRidge?: number | undefined;
}

/** A curvature matrix. */
export interface Curvature {
  /** n */
  readonly size: number;
  /** The state of which nothing is known; its keys and lengths never change. */
  initialState(): StateTree;
  /** The state after one more batch of statistics. @throws {MissingStatisticsError | NonFiniteError | StepInputError} naming the layer */
  absorb(state: StateTree, batch: StatisticsBatch): StateTree;
  /** Whether statistics were ever absorbed, so that it can be refreshed. */
  isKnown(state: StateTree): boolean;
  /** Whether it was ever refreshed, so that `solve` has an answer. */
  isReady(state: StateTree): boolean;
  /** How far the statistics have moved since the last refresh: 0 for not at all, about 1 for "nothing in common"; Infinity before it. O(n) entries of the factors. */
  moved(state: StateTree): number;
  /**
   * Forms what `solve` uses from the present statistics. May need a round (EK-FAC: second moments in the new basis).
   * Keeps the last good one where there is no other, and counts it. @throws {SingularFactorError} when there is none yet
   */
  refresh(state: StateTree, options: RefreshOptions): StateTree | Rounds<StateTree>;
  /**
   * Where present (EK-FAC): absorbs second moments in the present basis, in one round `basis` for all layers. Whoever drives a step calls
   * it after `absorb` when the curvature is ready and is not refreshed at the same step; a refresh brings moments of its own.
   */
  readonly moments?: ((state: StateTree, step: number) => Rounds<StateTree>) | undefined;
  /** (C + lambda I)^-1 v, or what stands for it, as of the last refresh: [n], owned by the caller. */
  solve(state: StateTree, v: Float64Array): Float64Array;
  /** C v of the present statistics, without damping: [n]. */
  multiply(state: StateTree, v: Float64Array): Float64Array;
  /** C as [n, n] row-major, for tests and small layers: O(n^2) memory. */
  toDense(state: StateTree): Float64Array;
  /** Health of each layer; `share` and `probeError` are filled in by whoever knows. */
  report(state: StateTree, step: number): readonly LayerReport[];
}
