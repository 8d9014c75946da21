/** Errors of the coordinator: a stable code, a message `what: expected X, got Y`, a hint, and the exit code that they lead to. */
import { WireError } from '@geodesic/wire';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';

/** The codes of this process's own errors. */
export type CoordinatorErrorCode =
  'USAGE' | 'FOLDER' | 'LOG_WRITE' | 'ROUND_FAILED' | 'PROGRAM_FAILED' | 'SEARCH_FAILED' | 'STEP_FAILED' | 'CHECKPOINT_UNFIT';

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

/** What the event run.finished says about a failure. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Any thrown value in the form that people are told. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CoordinatorError || error instanceof WireError)
    return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, hint: 'this is a defect: please report it with the logs of the run' };
}

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CoordinatorError) return error.exitCode;
  if (error instanceof WireError) return error.code === 'PORT_IN_USE' || error.code === 'INVALID' ? EXIT.configuration : EXIT.retryable;
  return EXIT.internal;
}
