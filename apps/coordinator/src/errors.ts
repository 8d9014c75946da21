/** Errors of the coordinator: a stable code, a message `what: expected X, got Y`, a hint, and the exit code that they lead to. */
import { CheckpointError } from '@geodesic/checkpoint';
import { LogMismatchError } from '@geodesic/cluster';
import { EventsError } from '@geodesic/events';
import { RunStoreError, storageFaultOf } from '@geodesic/run-store';
import type { RunStoreErrorCode } from '@geodesic/run-store';
import { WireError } from '@geodesic/wire';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';

/** The codes of this process's own errors. */
export type CoordinatorErrorCode =
  | 'USAGE'
  | 'ROUND_FAILED'
  | 'PROGRAM_FAILED'
  | 'SEARCH_FAILED'
  | 'STEP_FAILED'
  | 'CHECKPOINT_UNFIT'
  | 'CHECKPOINT_DAMAGED'
  | 'LOG_MISMATCH'
  | 'RUN_COMPLETED'
  | 'FINGERPRINT_MISMATCH'
  | 'HA_SHARED_FOLDER'
  | 'BUNDLE';

/** An error with all that a person and a calling program need. */
export class CoordinatorError extends Error {
  override readonly name = 'CoordinatorError';
  readonly code: CoordinatorErrorCode;
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor(code: CoordinatorErrorCode, message: string, options: { hint: string; exitCode: ExitCode; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode;
  }
}

/** Whether an error says that a checkpoint is not one of this run, whoever threw it. */
export function isUnfitCheckpoint(error: unknown): error is Error {
  return error instanceof Error && (error as Error & { readonly code?: unknown }).code === 'CHECKPOINT_UNFIT';
}

/** What the event run.finished says about a failure. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Any thrown value in the form that people are told. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CoordinatorError || error instanceof WireError || error instanceof RunStoreError || error instanceof EventsError)
    return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  if (storageFaultOf(error)) return { code: 'STORAGE', message, hint: 'free space on the disk or mend it, then resume the run' };
  if (error instanceof CheckpointError)
    return { code: 'CHECKPOINT_DAMAGED', message, hint: 'restore the checkpoint from a copy, or use another one' };
  if (error instanceof LogMismatchError) {
    const hint =
      'the data, a checkpoint or the machine are not those of the run: resume it where it began, or from an earlier checkpoint with --from';
    return { code: 'LOG_MISMATCH', message, hint };
  }
  return { code: 'INTERNAL', message, hint: 'this is a defect: please report it with the logs of the run' };
}

const STORE_EXITS: Readonly<Record<RunStoreErrorCode, ExitCode>> = {
  FOLDER: EXIT.configuration,
  LOG_DEPOSED: EXIT.retryable,
  LOG_WRITE: EXIT.retryable,
  RUN_ACTIVE: EXIT.retryable,
  RUN_DAMAGED: EXIT.data,
  RUN_MISSING: EXIT.usage,
  STORAGE: EXIT.retryable,
};

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CoordinatorError) return error.exitCode;
  if (error instanceof RunStoreError) return STORE_EXITS[error.code];
  if (error instanceof EventsError) return error.code === 'UNREACHABLE' || error.code === 'FENCED' ? EXIT.retryable : EXIT.configuration;
  if (storageFaultOf(error)) return EXIT.retryable;
  if (error instanceof CheckpointError || error instanceof LogMismatchError) return EXIT.data;
  if (error instanceof WireError) return error.code === 'PORT_IN_USE' || error.code === 'INVALID' ? EXIT.configuration : EXIT.retryable;
  return EXIT.internal;
}
