/** The checkpoint that a run goes on from: the newest one that can be read, is of this log, and of which a trainer can be made. */
import { CheckpointError } from '@geodesic/checkpoint';
import type { Checkpoint, CheckpointStore } from '@geodesic/checkpoint';
import { commitsAfter, ProtocolError } from '@geodesic/cluster';
import type { LogView } from '@geodesic/cluster';
import { factsOf } from './checkpoint-position.ts';
import type { CheckpointFacts } from './checkpoint-position.ts';
import { CoordinatorError, isUnfitCheckpoint } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { RunMeta, RunTrainer, TrainerFactory } from './run-meta.ts';

/** A checkpoint with the trainer that stands there. */
export interface OpenedResumePoint {
  readonly learning: { readonly trainer: RunTrainer; readonly meta: RunMeta };
  readonly checkpoint: Checkpoint;
  readonly facts: CheckpointFacts;
  /** Newer ones that cannot be used, and why. */
  readonly skipped: readonly { readonly step: number; readonly reason: string }[];
}

/**
 * Opens the newest good checkpoint.
 * @param options.atMost the highest step that is looked at
 * @throws {CheckpointError} when none can be read; {CoordinatorError} CHECKPOINT_UNFIT when none fits, BUNDLE
 */
export async function openResumePoint(options: {
  readonly store: Pick<CheckpointStore, 'newestGood'>;
  readonly view: LogView;
  readonly bundle: Uint8Array;
  readonly createTrainer: TrainerFactory;
  readonly atMost?: number;
}): Promise<OpenedResumePoint> {
  const { store, view, bundle, createTrainer } = options;
  const skipped: { readonly step: number; readonly reason: string }[] = [];
  let unfit: unknown;
  for (let atMost = options.atMost ?? Infinity; ;) {
    const good = await store.newestGood({ atMost }).catch((error: unknown) => {
      throw unfit !== undefined && error instanceof CheckpointError ? unfit : error;
    });
    skipped.push(...good.skipped);
    const { step, checkpoint } = good;
    try {
      const facts = factsOf(checkpoint);
      commitsAfter(view, facts); // a checkpoint of another log is none of this run's
      const learning = await createTrainer(bundle, { step, files: checkpoint.files });
      return { learning, checkpoint, facts, skipped };
    } catch (error) {
      if (!isUnfit(error)) throw bundleError(error);
      unfit ??= error;
      skipped.push({ step, reason: error.message });
      atMost = step - 1;
    }
  }
}

function isUnfit(error: unknown): error is Error {
  return error instanceof ProtocolError || isUnfitCheckpoint(error);
}

function bundleError(cause: unknown): CoordinatorError {
  const message = `--resume: expected a bundle that can be run, got ${cause instanceof Error ? cause.message : String(cause)}`;
  const hint = 'resume with the version of geodesic that started the run, and where its data are';
  return new CoordinatorError('BUNDLE', message, { hint, exitCode: EXIT.data, cause });
}
