/** The error of this library: a checkpoint or one of its files cannot be written, found or trusted. */

/** `missing`: there is no checkpoint; `unwritable`: the disk refused; `invalid`: what is there cannot be trusted. */
export type CheckpointFault = 'missing' | 'unwritable' | 'invalid';

/** What was wrong, in which file or folder. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: `CHECKPOINT_${Uppercase<CheckpointFault>}`;
  readonly fault: CheckpointFault;
  /** File or folder at fault. */
  readonly source: string;

  constructor(
    fault: CheckpointFault,
    { source, expected, got, hint, cause }: { source: string; expected: string; got: string; hint: string; cause?: unknown },
  ) {
    super(`${source}: expected ${expected}, got ${got} (${hint})`, { cause });
    this.fault = fault;
    this.code = `CHECKPOINT_${fault.toUpperCase() as Uppercase<CheckpointFault>}`;
    this.source = source;
  }
}
