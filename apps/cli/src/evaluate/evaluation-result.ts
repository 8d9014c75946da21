/**
 * What the evaluation of one checkpoint says. A number that is not finite has no JSON: it is told as null, with a note in words. Equal
 * checkpoints give equal results on machines of one numeric fingerprint.
 */
import type { Absorbed } from '@geodesic/cluster';

/** The parts of a data set that no step trains on. */
export type HeldOutSplit = 'validation' | 'test';

/** A checkpoint on held-out data. */
export interface EvaluationResult {
  readonly step: number;
  readonly split: HeldOutSplit;
  /** The mean over the split; null when it is not finite. */
  readonly loss: number | null;
  /** Share of hits; classification only. */
  readonly accuracy?: number | null;
  /** Means of the task's other columns, by name. */
  readonly columns: Readonly<Record<string, number | null>>;
  /** In the split. */
  readonly examples: number;
  /** Of the parameters that were evaluated. */
  readonly paramsDigest: string;
  /** `sha256:` of the `compute` part of this machine's numeric fingerprint. */
  readonly fingerprint: string;
  /** What is to be said of the numbers: which are not finite, and why. */
  readonly note?: string;
}

/** Where a result comes from. */
export type ResultOrigin = Pick<EvaluationResult, 'step' | 'split' | 'paramsDigest' | 'fingerprint'>;

/** A result from what the trainer makes of the split's totals. */
export function resultOf(
  { loss, accuracy, columns = {}, examples }: NonNullable<Absorbed['evaluation']>,
  origin: ResultOrigin,
): EvaluationResult {
  const means = { loss, ...(accuracy !== undefined && { accuracy }), ...columns };
  const odd = Object.entries(means).filter(([, mean]) => !Number.isFinite(mean));
  return {
    ...origin,
    loss: finite(loss),
    ...(accuracy !== undefined && { accuracy: finite(accuracy) }),
    columns: Object.fromEntries(Object.entries(columns).map(([name, mean]) => [name, finite(mean)])),
    examples,
    ...(odd.length > 0 && { note: odd.map(([name, mean]) => `${name} is ${mean}`).join(', ') }),
  };
}

/** The result of a program that makes no finite sums of these parameters. */
export function resultWithoutNumbers(reason: string, origin: ResultOrigin & Pick<EvaluationResult, 'examples'>): EvaluationResult {
  return { ...origin, loss: null, columns: {}, note: reason };
}

/** A result as an event's data: flat, as a run's own event `evaluation` has it. */
export function dataOf({ columns, loss, accuracy, examples, paramsDigest, fingerprint, note, ...which }: EvaluationResult): {
  readonly step: number;
  readonly split: HeldOutSplit;
  readonly loss: number | null;
  readonly accuracy?: number | null;
  readonly examples: number;
  readonly paramsDigest: string;
  readonly [column: string]: unknown;
} {
  const means = { loss, ...(accuracy !== undefined && { accuracy }), ...columns };
  return { ...which, ...means, examples, paramsDigest, fingerprint, ...(note !== undefined && { note }) };
}

/** Equal for two evaluations of the same parameters. */
export function identityOf({ step, split, paramsDigest }: Pick<EvaluationResult, 'step' | 'split' | 'paramsDigest'>): string {
  return JSON.stringify([step, split, paramsDigest]);
}

function finite(mean: number): number | null {
  return Number.isFinite(mean) ? mean : null;
}
