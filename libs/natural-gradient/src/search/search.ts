/**
 * How far a step goes, given what the groups know: each group by its own rate (`fixed`), or all of them together by a model of the
 * objective (`quadratic`).
 */
import type { OptimizedModel } from '../gradient-round.ts';
import type { LayerReport } from '../layer-report.ts';
import type { Precision } from '../natural-group.ts';
import type { FloatArray, Rejection, Rounds } from '../rounds.ts';
import type { StateTree } from '../state.ts';

/** What a step is asked with. */
export interface SearchInput {
  /** 1-based. */
  readonly step: number;
  /** theta before the step, [P]. */
  readonly parameters: FloatArray;
  /** [P] each; hold nothing before or after. */
  readonly scratch: Readonly<Record<'gradient' | 'update', Float64Array>>;
}

/** How theta changes: theta becomes fround(theta + delta). */
export type Update =
  | { readonly kind: 'delta'; readonly delta: FloatArray }
  /** delta = fround(fround(alpha direction) + fround(mu M)), M the last committed change, which everyone holds. */
  | { readonly kind: 'combination'; readonly direction: FloatArray; readonly alpha: number; readonly mu: number };

/** Health of a layer, and whose it is. */
export type GroupLayerReport = { readonly group: string } & LayerReport;

/** What a step answers; all arrays belong to the caller. */
export interface StepOutput {
  readonly update: Update;
  /** [P]: the change in full, whatever the kind of the update. */
  readonly delta: FloatArray;
  readonly state: StateTree;
  /** Measurements; see report.ts for the keys. */
  readonly report: Record<string, number>;
  readonly layers: readonly GroupLayerReport[];
  /** What the gradient's round brought; undefined where that failed. */
  readonly measured?: Measured;
  /** The step has not been made: its gradient round failed and the update takes the last change back. The same step begins anew from there, with this state. */
  readonly rejected?: Rejection;
  /** Plain data that decides later bits; for the commit log. */
  readonly record?: Readonly<Record<string, unknown>>;
}

/** What the gradient's round brought beside the gradient. */
export interface Measured {
  readonly count: number;
  readonly columns: ReadonlyMap<string, number>;
  readonly sums: ReadonlyMap<string, ArrayLike<number>>;
}

/** What a search is made with. */
export interface SearchOptions {
  readonly model: OptimizedModel;
  readonly precision: Precision;
}

/** A search. */
export interface Search {
  /** Keys `search/<key>`. */
  initialState(): StateTree;
  /** The step; `state` is the optimiser's whole state. */
  step(state: StateTree, input: SearchInput): Rounds<StepOutput>;
}
