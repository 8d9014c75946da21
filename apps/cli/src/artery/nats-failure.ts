/**
 * What goes wrong between a command and NATS, as an error of the command.
 */
import { EventsError, type EventsErrorCode } from '@geodesic/events';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';

const FAILURES: Readonly<Record<EventsErrorCode, { readonly code: string; readonly exitCode: ExitCode }>> = {
  OPTIONS: { code: 'NATS_OPTIONS', exitCode: EXIT.usage },
  UNREACHABLE: { code: 'NATS_UNREACHABLE', exitCode: EXIT.unreachable },
  CREDENTIALS: { code: 'NATS_CREDENTIALS', exitCode: EXIT.unreachable },
  PERMISSION: { code: 'NATS_PERMISSION', exitCode: EXIT.unreachable },
  NO_JETSTREAM: { code: 'NATS_NO_JETSTREAM', exitCode: EXIT.unreachable },
  STREAM: { code: 'NATS_STREAM', exitCode: EXIT.unreachable },
  TOO_LARGE: { code: 'NATS_TOO_LARGE', exitCode: EXIT.failed },
  INVALID: { code: 'NATS_INVALID', exitCode: EXIT.failed },
  CORRUPT: { code: 'NATS_CORRUPT', exitCode: EXIT.failed },
  MISSING: { code: 'NATS_MISSING', exitCode: EXIT.failed },
  FENCED: { code: 'NATS_FENCED', exitCode: EXIT.failed },
};

/** An error of NATS as a CliError; anything else as it is. */
export function asNatsFailure(error: unknown): unknown {
  if (!(error instanceof EventsError)) return error;
  const { message, hint } = error;
  return new CliError({ ...FAILURES[error.code], message, hint, cause: error });
}
