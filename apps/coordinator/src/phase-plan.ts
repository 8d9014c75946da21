/**
 * Which round comes next: `init` once where the model has it, then for every step its gradient (with curvature sums when due),
 * and evaluations where the spec wants them. The test split is read once, after the last step.
 */
import type { RunSpec } from '@geodesic/run-spec';

/** A round to come; phase is `init`, `grad`, `grad-stats` or `eval/<split>`. */
export interface PlannedPhase {
  readonly step: number;
  readonly phase: string;
}

/** What the sequence depends on. */
export interface PhasePlanOptions {
  readonly steps: number;
  readonly initialise: boolean;
  readonly evaluateEvery: RunSpec['evaluate']['every'];
  readonly hasValidation: boolean;
  readonly statisticsDue: (step: number) => boolean;
}

/** The rounds of a run, in order. */
export function* phasePlan(options: PhasePlanOptions): Generator<PlannedPhase, void> {
  const { steps, evaluateEvery } = options;
  if (options.initialise) yield { step: 0, phase: 'init' };
  for (let step = 1; step <= steps; step++) {
    yield { step, phase: options.statisticsDue(step) ? 'grad-stats' : 'grad' };
    const due = step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
    if (due && options.hasValidation) yield { step, phase: 'eval/validation' };
  }
  yield { step: steps, phase: 'eval/test' };
}
