/**
 * What groups of every method share: a name, the parameters that it matches, and how a rate depends on the step.
 */

/** A learning rate as a function of the step: a linear warm-up, then from `initial` to `final` along `shape`. */
export interface ScheduleSpec {
  readonly initial: number;
  readonly final: number;
  readonly warmupSteps: number;
  readonly shape: 'constant' | 'linear' | 'cosine';
}

/** What every group has. */
export interface GroupIdentity {
  readonly name: string;
  /** Globs over layer or parameter names; a name belongs to the first group that matches it. */
  readonly match: readonly string[];
}
