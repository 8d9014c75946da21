/**
 * What goes wrong between a command and a coordinator, as an error of the command.
 */
import { WireError } from '@geodesic/wire';
import { CliError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

/** An error of the wire as a CliError; anything else as it is. */
export function asCliError(error: unknown): unknown {
  if (!(error instanceof WireError)) return error;
  return new CliError({ code: error.code, message: error.message, hint: error.hint, exitCode: exitCodeOf(error.code), cause: error });
}

function exitCodeOf(code: WireError['code']): ExitCode {
  switch (code) {
    case 'UNREACHABLE':
    case 'DEADLINE':
    case 'PORT_IN_USE':
    case 'BUSY':
    case 'NOT_LEADER':
      return EXIT.unreachable;
    case 'BUNDLE':
    case 'REFUSED':
    case 'NOT_FOUND':
      return EXIT.failed;
    case 'INVALID':
    case 'CORRUPT':
    case 'INTERNAL':
      return EXIT.internal;
  }
}
