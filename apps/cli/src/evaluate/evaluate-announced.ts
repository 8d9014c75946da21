/**
 * Evaluates checkpoints as they are told, in their order and each once; what is told meanwhile waits. One that is gone or damaged by its turn
 * is said to be left out, and the next one follows.
 */
import { CheckpointError } from '@geodesic/checkpoint';
import { EventsError } from '@geodesic/events';
import { CliError } from '../errors.ts';
import type { Announcement, CheckpointAccess } from './checkpoint-access.ts';
import type { CheckpointEvaluator } from './checkpoint-evaluator.ts';
import { identityOf, type EvaluationResult } from './evaluation-result.ts';

/** Why a checkpoint was not evaluated. */
export interface Skipped {
  readonly step: number;
  /** `told`: its result is in the stream; `newer`: a newer one was there at its turn; `refused`: it is not one of this run's bundle. */
  readonly why: 'told' | 'newer' | 'gone' | 'damaged' | 'refused';
  readonly reason: string;
}

/** Options of {@link evaluateAnnounced}. */
export interface EvaluateOptions {
  readonly announcements: AsyncIterable<Announcement>;
  readonly access: CheckpointAccess;
  readonly evaluator: Pick<CheckpointEvaluator, 'split' | 'evaluate'>;
  /** Leaves out all but the newest of those that wait; default not. */
  readonly latest?: boolean;
  /** Results that need not be made again, by {@link identityOf}. */
  readonly told?: ReadonlySet<string>;
  /** The next one follows when this has resolved. */
  readonly onResult: (result: EvaluationResult) => Promise<void> | void;
  readonly onSkipped: (skipped: Skipped) => void;
  /** Ends it after the checkpoint at hand. */
  readonly signal: AbortSignal;
}

/** Resolves after the last one that was told, or when the signal aborts. @throws what cannot be waited for or left out */
export async function evaluateAnnounced(options: EvaluateOptions): Promise<void> {
  const { announcements, latest = false, onSkipped, signal } = options;
  const done = new Set<string>();
  for await (const waiting of inTurns(announcements)) {
    while (waiting.length > 0) {
      if (signal.aborted) return;
      const next = latest ? waiting.pop()! : waiting.shift()!;
      for (const { step } of latest ? waiting.splice(0) : []) onSkipped({ step, why: 'newer', reason: `step ${next.step} is there` });
      const key = JSON.stringify([next.step, next.manifest]);
      if (done.has(key)) continue;
      done.add(key);
      await evaluateOne(next, options).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }
}

async function evaluateOne(announcement: Announcement, options: EvaluateOptions): Promise<void> {
  const { access, evaluator, told, onResult, onSkipped, signal } = options;
  const { step } = announcement;
  const { split } = evaluator;
  try {
    const digest = told && (await access.paramsDigest?.(announcement, signal));
    if (digest !== undefined && told?.has(identityOf({ step, split, paramsDigest: digest })) === true) {
      onSkipped({ step, why: 'told', reason: 'its result is in the stream' });
      return;
    }
    const result = await evaluator.evaluate(await access.read(announcement, signal));
    if (told?.has(identityOf(result)) === true) onSkipped({ step, why: 'told', reason: 'its result is in the stream' });
    else await onResult(result);
  } catch (error) {
    const why = whyLeftOut(error);
    if (why === undefined) throw error;
    onSkipped({ step, why, reason: (error as Error).message });
  }
}

function whyLeftOut(error: unknown): Skipped['why'] | undefined {
  if (error instanceof CheckpointError && error.fault !== 'unwritable') return error.fault === 'missing' ? 'gone' : 'damaged';
  if (error instanceof EventsError && error.code === 'MISSING') return 'gone';
  if (error instanceof EventsError && error.code === 'CORRUPT') return 'damaged';
  return error instanceof CliError && error.code === 'CHECKPOINT_UNFIT' ? 'refused' : undefined;
}

/** What has been told, whenever there is something; the list is one and the same, and its reader takes from it. */
async function* inTurns<T>(source: AsyncIterable<T>): AsyncGenerator<T[], void> {
  const waiting: T[] = [];
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const read = async (): Promise<void> => {
    try {
      for await (const item of source) {
        waiting.push(item);
        wake();
      }
    } catch (error) {
      failure = { error };
    }
    isOver = true;
    wake();
  };
  void read();
  for (;;) {
    if (waiting.length > 0) yield waiting;
    else if (failure) throw failure.error;
    else if (isOver) return;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
