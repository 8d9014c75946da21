/**
 * A checkpoint that cannot be had, as an error of the command.
 */
import type { CheckpointError, CheckpointStore } from '@geodesic/checkpoint';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';

/** Says which checkpoints there are. */
export async function withoutCheckpoint(runId: string, store: CheckpointStore, cause: CheckpointError): Promise<CliError> {
  const steps = await store.list();
  const hint = steps.length === 0 ? 'this folder has no checkpoints' : `checkpoints: steps ${steps.join(', ')}`;
  const code = cause.fault === 'missing' ? 'CHECKPOINT_MISSING' : 'CHECKPOINT_DAMAGED';
  return new CliError({ code, message: `run ${runId}: ${cause.message}`, hint, exitCode: EXIT.failed, cause });
}
