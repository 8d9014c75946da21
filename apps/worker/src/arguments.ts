/** The command line of `geodesic-worker`. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parseAddress, WireError } from '@geodesic/wire';
import { WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** What the command line says. */
export interface WorkerArguments {
  /** HOST:PORT. */
  readonly coordinator: string;
  /** Unique among the workers of a run, stable across restarts. */
  readonly name: string;
  /** End when standard input ends: the parent has gone. */
  readonly exitWithParent: boolean;
}

interface RawOptions {
  readonly coordinator?: string;
  readonly name?: string;
  readonly 'exit-with-parent': boolean;
}

const USAGE = 'geodesic-worker --coordinator HOST:PORT [--name NAME] [--exit-with-parent]';

/** Reads the arguments after the program's name. @throws {WorkerError} USAGE */
export function parseWorkerArguments(args: readonly string[]): WorkerArguments {
  const { coordinator, name = `${hostname()}-${process.pid}`, 'exit-with-parent': exitWithParent } = readOptions(args);
  if (coordinator === undefined) throw usage('--coordinator: expected HOST:PORT, got none');
  if (!/^[\w.-]{1,100}$/.test(name)) throw usage(`--name: expected 1..100 letters, digits, '.', '_' or '-', got ${JSON.stringify(name)}`);
  try {
    return { coordinator: parseAddress(coordinator), name, exitWithParent };
  } catch (error) {
    throw error instanceof WireError ? usage(`--coordinator: ${error.message}`) : error;
  }
}

function readOptions(args: readonly string[]): RawOptions {
  try {
    return parseArgs({
      args: [...args],
      options: {
        coordinator: { type: 'string' },
        name: { type: 'string' },
        'exit-with-parent': { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function usage(message: string): WorkerError {
  return new WorkerError('USAGE', message, { hint: `usage: ${USAGE}`, exitCode: EXIT.usage });
}
