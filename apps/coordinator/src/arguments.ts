/** The command line of `geodesic-coordinator`. */
import { parseArgs } from 'node:util';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** What the command line says. */
export interface CoordinatorArguments {
  readonly runs: string;
  readonly host: string;
  readonly port: number;
  /** End after one run. */
  readonly once: boolean;
  /** End when standard input ends: the parent has gone. */
  readonly exitWithParent: boolean;
}

const USAGE = 'geodesic-coordinator --runs DIR [--host 127.0.0.1] [--port 0] [--once] [--exit-with-parent]';

/** Reads the arguments after the program's name. @throws {CoordinatorError} USAGE */
export function parseCoordinatorArguments(args: readonly string[]): CoordinatorArguments {
  const { runs, host, port, once, 'exit-with-parent': exitWithParent } = readOptions(args);
  if (runs === undefined || runs === '') throw usage('--runs: expected a folder, got none');
  const number = Number(port);
  if (!/^\d+$/.test(port) || number > 65_535) throw usage(`--port: expected 0..65535, got ${JSON.stringify(port)}`);
  return { runs, host, port: number, once, exitWithParent };
}

function readOptions(args: readonly string[]): {
  runs?: string;
  host: string;
  port: string;
  once: boolean;
  'exit-with-parent': boolean;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '0' },
        once: { type: 'boolean', default: false },
        'exit-with-parent': { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function usage(message: string): CoordinatorError {
  return new CoordinatorError('USAGE', message, { hint: `usage: ${USAGE}`, exitCode: EXIT.usage });
}
