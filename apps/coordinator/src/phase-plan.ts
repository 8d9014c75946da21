/**
 * What comes next in a run: the model's initialisation once where it has one, then every step, and evaluations where the spec wants them.
 * The test split is read once, after the last step. Which rounds a step has is the optimiser's own affair.
 */
import type { RunSpec } from '@geodesic/run-spec';

/** A stage to come. */
export type Stage =
  | { readonly kind: 'init'; readonly step: 0 }
  | { readonly kind: 'step'; readonly step: number }
  /** Of the parameters after `step`. */
  | { readonly kind: 'eval'; readonly step: number; readonly split: 'validation' | 'test' };

/** What the sequence depends on. */
export interface PhasePlanOptions {
  readonly steps: number;
  readonly initialise: boolean;
  readonly evaluateEvery: RunSpec['evaluate']['every'];
  readonly hasValidation: boolean;
  /** The last step that was made before: what comes after it is planned, its evaluation included. Default 0: all of the run. */
  readonly after?: number;
}

/** The stages of a run, in order. */
export function* phasePlan(options: PhasePlanOptions): Generator<Stage, void> {
  const { steps, evaluateEvery, after = 0 } = options;
  if (options.initialise && after === 0) yield { kind: 'init', step: 0 };
  for (let step = Math.max(1, after); step <= steps; step++) {
    if (step > after) yield { kind: 'step', step };
    const due = step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
    if (due && options.hasValidation) yield { kind: 'eval', step, split: 'validation' };
  }
  yield { kind: 'eval', step: steps, split: 'test' };
}
