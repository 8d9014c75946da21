/**
 * How a direction is found from a gradient and a curvature: directly, by conjugate gradients over rounds, or by the kernel trick.
 */
import type { LayerReport } from '../layer-report.ts';
import type { Rounds } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import type { FloatArray } from '../rounds.ts';
import type { StatisticsBatch } from '../curvature/curvature.ts';

/** What a direction is asked for. */
export interface DirectionInput {
  readonly step: number;
  /** Mean gradient of the group, the L2 term included: [n]. */
  readonly gradient: Float64Array;
  /** lambda > 0, the L2 coefficient included. */
  readonly damping: number;
  /** Refresh what is cached whatever the cadence says: the damping has changed after a rejected attempt. */
  readonly refresh: boolean;
  /** Writes a vector of the group into one of theta's length [P], zeros elsewhere: what rounds broadcast. */
  readonly scatter: (vector: Float64Array) => FloatArray;
  /** Takes the group's part out of a vector of theta's length [P]. */
  readonly gather: (flat: ArrayLike<number>) => Float64Array;
}

/** A direction and what was learnt on the way. */
export interface Direction {
  /** (C + lambda I)^-1 gradient: POSITIVE multiples of it are subtracted. [n], owned by the caller. */
  readonly direction: Float64Array;
  readonly state: StateTree;
  readonly layers: readonly LayerReport[];
  /** Numbers to report, such as `iterations`. */
  readonly report: Readonly<Record<string, number>>;
}

/** A way to find directions; its curvature is part of it. */
export interface Descent {
  initialState(): StateTree;
  /** Whether the step's gradient round should bring statistics. */
  statisticsDue(step: number, state: StateTree): boolean;
  absorb(state: StateTree, batch: StatisticsBatch): StateTree;
  direction(state: StateTree, input: DirectionInput): Direction | Rounds<Direction>;
  /** C v of the present statistics, without damping, where C is made of layers: [n]. */
  multiply?(state: StateTree, v: Float64Array): Float64Array;
}
