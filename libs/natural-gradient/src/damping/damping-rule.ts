/**
 * How a Kronecker product A (x) S is damped and solved with: what a refresh caches of the present factors, as state, and what is done
 * with that. A rule has no state of its own.
 */
import type { Linalg } from '@geodesic/linalg';
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';
import type { LayerReport } from '../layer-report.ts';
import type { StateTree } from '../state.ts';
import type { FailedFactor } from './damped-inverse.ts';

/** The factors now, the metric with them where the rule wants one. */
export interface PresentFactors extends KroneckerFactors {
  /** M, [columns, columns]. */
  readonly metric?: Float64Array | undefined;
}

/** What a refresh goes by. */
export interface RuleRefresh {
  readonly step: number;
  readonly damping: number;
  readonly linalg?: Linalg | undefined;
  readonly onFailure?: ((failure: FailedFactor) => void) | undefined;
}

/** A damping rule of one layer. `state` is always the layer's whole state. */
export interface DampingRule {
  /** The rule's own entries; `inverseStep` [1] among them, 0 before the first refresh. */
  initialState(): StateTree;
  /** Its entries after a refresh. @throws {SingularFactorError} */
  refresh(factors: PresentFactors, state: StateTree, options: RuleRefresh): StateTree;
  /** [rows, columns], owned by the caller. */
  solve(state: StateTree, v: Float64Array, linalg?: Linalg): Float64Array;
  /** How far the factors are from those of the last refresh, relative to what they are now. */
  drift(factors: PresentFactors, state: StateTree, linalg?: Linalg): number;
  report(state: StateTree): Partial<LayerReport> & Pick<LayerReport, 'fallbacks' | 'clamped' | 'kept'>;
}
