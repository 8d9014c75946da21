/** What an evaluator says: a process outside the run that evaluates its checkpoints. */
import type { GeodesicEvent } from './event.ts';
import type { EventPlace } from './projection.ts';
import { makeEvent } from './projection.ts';

/** An evaluation of a checkpoint. */
export interface EvaluatorResult extends EventPlace {
  /** After which the parameters were evaluated. */
  readonly step: number;
  readonly split: string;
  readonly loss: number;
  readonly accuracy?: number;
  /** Other means by their names. */
  readonly columns?: Readonly<Record<string, number>>;
  readonly examples: number;
  /** `sha256:<64 hex digits>`. */
  readonly paramsDigest: string;
  /** ISO 8601. */
  readonly at: string;
}

/** The event. Its id names what was evaluated: the result of whoever evaluates the same again is the same event. */
export function evaluatorEvent(result: EvaluatorResult): GeodesicEvent {
  const { cluster, run, step, split, loss, accuracy, columns = {}, examples, paramsDigest, at } = result;
  return makeEvent({
    id: `${run}/evaluator/${step}/${split}/${paramsDigest.replace(/^sha256:/, '').slice(0, 16)}`,
    source: `/clusters/${cluster}/runs/${run}/evaluator`,
    run,
    type: 'evaluator.result',
    at,
    severity: 'info',
    data: { ...columns, step, split, loss, ...(accuracy !== undefined && { accuracy }), examples, paramsDigest },
  });
}
