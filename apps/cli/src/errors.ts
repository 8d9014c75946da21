/**
 * The one error class that commands throw, and the one place that turns anything thrown into it.
 * A message names the field, what was expected and what was got; the hint says what to do. Both are shown, a stack trace is not (GEO_DEBUG=1 shows it).
 */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-code.ts';

/** The fields of a {@link CliError}. */
export interface CliErrorFields {
  /** Stable name for programs, in UPPER_SNAKE_CASE. */
  readonly code: string;
  /** `field: expected X, got Y`. */
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly cause?: unknown;
}

/** A failure of a command that its user can understand and act on. */
export class CliError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor({ code, message, hint, exitCode, cause }: CliErrorFields) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.code = code;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** The CliError for anything thrown: itself, a usage error of commander, or an internal error. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    // commander: "error: unknown command 'rnu'\n(Did you mean run?)"
    const [message, suggestion] = error.message.replace(/^error: /, '').split('\n');
    const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'see geo --help';
    return new CliError({ code: 'USAGE', message, hint, exitCode: EXIT.usage, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && message === 'Array buffer allocation failed') {
    const hint = 'the model is traced and checked here on a few rows: make it smaller, or use a host with more memory';
    const what = 'memory: expected enough for this model, got a failed allocation';
    return new CliError({ code: 'OUT_OF_MEMORY', message: what, hint, exitCode: EXIT.failed, cause: error });
  }
  const hint = 'this is a mistake in Geodesic: run again with GEO_DEBUG=1 for the stack trace and report it';
  return new CliError({ code: 'INTERNAL', message, hint, exitCode: EXIT.internal, cause: error });
}

/** The text of an error on the terminal: `error: message` and, on a line of its own, the hint. */
export function describeError(error: CliError, { debug }: { readonly debug: boolean }): string {
  const lines = [`error: ${error.message}`, ...(error.hint === '' ? [] : [`  hint: ${error.hint}`])];
  if (debug) for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) lines.push(cause.stack ?? cause.message);
  return `${lines.join('\n')}\n`;
}
