/** Errors that end a worker, each with the exit code that it leads to. */
import { WireError } from '@geodesic/wire';
import type { ComputeFault } from './compute-messages.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';

/** The codes of this process's own errors; a refusal keeps the coordinator's code. */
export type WorkerErrorCode = 'USAGE' | 'UNREACHABLE' | 'BUNDLE' | 'COMPUTE' | 'PROGRAM' | 'DIVERGED' | 'REFUSED';

/** Why a worker ends. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code: WorkerErrorCode;
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor(code: WorkerErrorCode, message: string, options: { hint: string; exitCode: ExitCode; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode;
  }
}

/** What failed in the compute thread. */
export class ComputeError extends Error {
  override readonly name = 'ComputeError';
  readonly fault: ComputeFault;

  constructor(message: string, fault: ComputeFault) {
    super(message);
    this.fault = fault;
  }
}

/** Any thrown value as the error that ends the process. */
export function asWorkerError(error: unknown): WorkerError {
  if (error instanceof WorkerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof WireError) {
    return new WorkerError('UNREACHABLE', message, { hint: error.hint, exitCode: EXIT.retryable, cause: error });
  }
  if (error instanceof ComputeError && error.fault === 'program') {
    const hint = 'guard the operation (a division, logarithm or root of zero), or lower the learning rate';
    return new WorkerError('PROGRAM', message, { hint, exitCode: EXIT.data, cause: error });
  }
  if (error instanceof ComputeError && error.fault === 'executor') {
    const hint = 'this host cannot compute the run: geo doctor shows its executors and memory';
    return new WorkerError('COMPUTE', message, { hint, exitCode: EXIT.data, cause: error });
  }
  const hint = 'this is a defect: please report it with the logs of the run';
  return new WorkerError('COMPUTE', message, { hint, exitCode: EXIT.internal, cause: error });
}
