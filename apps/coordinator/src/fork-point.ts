/** A checkpoint of another run in the same folder, from which a new run goes on. */
import { basename, join } from 'node:path';
import { CheckpointStore } from '@geodesic/checkpoint';
import type { CommittedStart, RunEntry } from '@geodesic/cluster';
import { RunFolder } from '@geodesic/run-store';
import { WireError } from '@geodesic/wire';
import type { Fork } from '@geodesic/wire';
import { factsOf, startOf } from './checkpoint-position.ts';
import { isUnfitCheckpoint } from './errors.ts';
import type { ResumePoint, RunMeta, TrainerFactory } from './run-meta.ts';

/** Where a forked run begins. */
export interface ForkPoint {
  readonly parent: NonNullable<RunEntry['parent']>;
  readonly resume: ResumePoint;
  /** Where its parameters stand: at the parent's version and chain. @throws {CoordinatorError} CHECKPOINT_UNFIT */
  positionFor(meta: RunMeta): CommittedStart;
}

/**
 * The learning side of a new run, from its beginning or from a fork's checkpoint. Where the optimiser was changed so that its state does not fit any
 * more, that state begins anew; parameters and count of steps go on.
 */
export async function openLearning(
  createTrainer: TrainerFactory,
  bundle: Uint8Array,
  fork: ForkPoint | undefined,
): Promise<Awaited<ReturnType<TrainerFactory>> & { readonly hasFreshOptimizer: boolean }> {
  try {
    return { ...(await createTrainer(bundle, fork?.resume)), hasFreshOptimizer: false };
  } catch (error) {
    if (fork === undefined || !isUnfitCheckpoint(error)) throw error;
    return { ...(await createTrainer(bundle, { ...fork.resume, freshOptimizer: true })), hasFreshOptimizer: true };
  }
}

/** Opens the checkpoint that a submission names. @throws {WireError} NOT_FOUND for the run, REFUSED for the step, naming those that there are */
export async function openForkPoint(runs: string, { run, step }: Fork): Promise<ForkPoint> {
  const folder = await (
    run === basename(run) && run !== '' ? RunFolder.open(join(runs, run)) : Promise.reject(new Error('no plain name'))
  ).catch((cause: unknown) => {
    throw new WireError('NOT_FOUND', `fork: expected a run of ${runs}, got ${run || 'none'}`, 'name a run as `geo list` shows it', {
      cause,
    });
  });
  const store = new CheckpointStore(folder.checkpoints);
  const steps = await store.list();
  if (!steps.includes(step))
    throw new WireError(
      'REFUSED',
      `fork: expected a step with a checkpoint of ${run} (${steps.join(', ')}), got ${step}`,
      'name one of them',
    );
  const checkpoint = await store.read(step).catch((cause: unknown) => {
    throw new WireError('REFUSED', (cause as Error).message, `use another checkpoint of ${run}`, { cause });
  });
  const facts = factsOf(checkpoint);
  return {
    parent: { run, step, paramsDigest: facts.paramsDigest },
    resume: { step, files: checkpoint.files },
    positionFor: ({ usesPrevious }) => startOf(checkpoint, facts, usesPrevious === true),
  };
}
