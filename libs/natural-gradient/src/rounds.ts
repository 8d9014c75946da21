/**
 * How a step asks for what only the workers can compute. A step is a generator: it yields a {@link RoundRequest}, is handed the
 * {@link RoundTotals} of that round, summed over all slots, and goes on; what it returns is the step's result. So the order of phases is
 * written down once, as ordinary control flow, and whoever drives it (coordinator, simulation, test) sees plain data both ways.
 * Nothing that decides a result is hidden in a step under way: the same totals lead to the same requests (exactness.md 8, 12).
 * P parameters.
 */

/** A flat array of numbers; float32 in a run, float64 where a caller computes in doubles. */
export type FloatArray = Float32Array | Float64Array;

/**
 * A change of the parameters that everyone forms alike from two vectors that they hold:
 * delta = fround(fround(alpha direction) + fround(mu previous), `previous` being the last committed change (zeros before the first).
 */
export interface Combination {
  /** [P], broadcast. */
  readonly direction: FloatArray;
  /** Rounded to the precision of the run. */
  readonly alpha: number;
  /** Rounded to the precision of the run. */
  readonly mu: number;
}

/** An attempt at a step that was given up; goes into the commit log. */
export interface Rejection {
  /** Why, in words; names the layer where one is to blame. */
  readonly reason: string;
  /** The damping that the next attempt uses. */
  readonly damping: number;
}

/** A round that a step wants computed at the parameters before the step. */
export interface RoundRequest {
  /**
   * The program of the bundle:
   *   grad, grad-stats   gradient (and curvature statistics) of the step's batch
   *   burnin             curvature statistics alone; `index` counts batches, each with random draws of its own
   *   basis              second moments in an eigenbasis (EK-FAC); vectors `QA/<layer>`, `QS/<layer>`
   *   gram               per-example inputs and output gradients, gathered by ordinal (kernel trick)
   *   product            F v of the batch, without damping; vector `direction`; `index` counts iterations
   *   quad               columns DD, DM, MM: <D,FD>, <D,FM>, <M,FM> of D = `direction` and M = the last change
   *   trial              columns `objective` and `sound` (1 where it is finite) at the parameters plus `move`
   *   probe              columns `probe/<layer>`: <v_l, F_ll v_l> of v = `direction`
   */
  readonly program: string;
  /** Tells rounds of one program in one step apart; default 0. */
  readonly index?: number;
  /** 0 for the first try at a step; default 0. */
  readonly attempt?: number;
  /** Share of the batch's slots that is enough, the first ones: a power of 1/2; default 1. */
  readonly share?: number;
  /** Vectors that workers are sent, by name; equal content travels once for as long as it stays in use. */
  readonly vectors?: Readonly<Record<string, FloatArray>>;
  /** `trial`: the change at which to look. */
  readonly move?: Combination;
  /** The attempt before this one, where that was given up. */
  readonly rejected?: Rejection;
}

/** The totals of a round: sums over all examples of the step's batch, never means. */
export interface RoundTotals {
  /** Real examples, at least 1. */
  readonly count: number;
  /** Sums of per-example columns, by name. */
  readonly columns: ReadonlyMap<string, number>;
  /** Everything else, by name; symmetric matrices in full, row-major. */
  readonly sums: ReadonlyMap<string, ArrayLike<number>>;
}

/** A computation that needs rounds; returns T. */
export type Rounds<T> = Generator<RoundRequest, T, RoundTotals>;

/** The result of a computation that may need rounds: `const x = yield* roundsOf(f())`. */
export function* roundsOf<T>(computation: T | Rounds<T>): Rounds<T> {
  return isRounds(computation) ? yield* computation : computation;
}

/** Whether a computation still needs rounds, rather than being a result already. */
export function isRounds<T>(computation: T | Rounds<T>): computation is Rounds<T> {
  return typeof computation === 'object' && computation !== null && Symbol.iterator in computation && 'next' in computation;
}
