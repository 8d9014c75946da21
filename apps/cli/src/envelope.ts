/**
 * The envelope around every machine-readable answer: one JSON object on one line of stdout, of the same shape for all commands.
 */
import type { CliError } from './errors.ts';

/** The answer of a command that did what it was asked to. */
export interface SuccessEnvelope {
  readonly schemaVersion: 1;
  readonly status: 'ok';
  readonly data: Readonly<Record<string, unknown>>;
}

/** The answer of a command that did not. */
export interface ErrorEnvelope {
  readonly schemaVersion: 1;
  readonly status: 'error';
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

/** Wraps a command's data. */
export function successEnvelope(data: Readonly<Record<string, unknown>>): SuccessEnvelope {
  return { schemaVersion: 1, status: 'ok', data };
}

/** Wraps a command's error. */
export function errorEnvelope({ code, message, hint }: CliError): ErrorEnvelope {
  return { schemaVersion: 1, status: 'error', error: { code, message, hint } };
}
