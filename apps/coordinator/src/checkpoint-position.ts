/** Where the parameters of a checkpoint stand, by the facts in its manifest. */
import type { Checkpoint } from '@geodesic/checkpoint';
import type { CommittedStart, Position } from '@geodesic/cluster';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** The facts of a checkpoint that a run goes on from. */
export interface CheckpointFacts extends Position {
  readonly run: string;
  readonly step: number;
  readonly paramsDigest: string;
}

/** @throws {CoordinatorError} CHECKPOINT_UNFIT naming the fact that is missing */
export function factsOf({ manifest }: Checkpoint): CheckpointFacts {
  const { run, step, version, chain, checksum, paramsDigest } = manifest.facts;
  const text = { run, chain, checksum, paramsDigest };
  for (const [name, value] of Object.entries(text)) if (typeof value !== 'string') throw unfit(name, 'a text', value);
  for (const [name, value] of Object.entries({ step, version }))
    if (!Number.isSafeInteger(value) || Number(value) < 0) throw unfit(name, 'a count', value);
  return { ...(text as Record<keyof typeof text, string>), step: Number(step), version: Number(version) };
}

/** Where {@link CommittedParameters} begin. @param usesPrevious whether the run needs the last committed change */
export function startOf({ files }: Checkpoint, { version, chain, checksum }: Position, usesPrevious: boolean): CommittedStart {
  if (!usesPrevious) return { version, chain, checksum, previous: new Float32Array(0) };
  const data = files.get('state.safetensors')?.tensors.get('previous')?.data;
  if (!(data instanceof Float32Array)) throw unfit('previous', 'the last committed change in state.safetensors', data);
  return { version, chain, checksum, previous: data.slice() };
}

function unfit(name: string, expected: string, got: unknown): CoordinatorError {
  const hint = 'resume from an earlier checkpoint with --from';
  return new CoordinatorError('CHECKPOINT_UNFIT', `checkpoint: ${name}: expected ${expected}, got ${JSON.stringify(got) ?? 'none'}`, {
    hint,
    exitCode: EXIT.data,
  });
}
