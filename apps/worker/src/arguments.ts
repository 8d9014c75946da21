/** The command line of `geodesic-worker`. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parseAddress, WireError } from '@geodesic/wire';
import { WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** What the command line says. */
export interface WorkerArguments {
  /** HOST:PORT of each coordinator of the cluster, the one to try first in front. */
  readonly coordinators: readonly string[];
  /** Unique among the workers of a run, stable across restarts. */
  readonly name: string;
  /** End when standard input ends: the parent has gone. */
  readonly exitWithParent: boolean;
  /** How long leaving in order may take, ms; absent: the default. */
  readonly drainMs?: number;
  /** How long to look for a coordinator, ms; absent: the defaults. */
  readonly giveUpMs?: number;
}

interface RawOptions {
  readonly coordinator?: string;
  readonly name?: string;
  readonly 'exit-with-parent': boolean;
  readonly 'drain-ms'?: string;
  readonly 'give-up-ms'?: string;
}

const USAGE = 'geodesic-worker --coordinator HOST:PORT[,HOST:PORT...] [--name NAME] [--drain-ms N] [--give-up-ms N] [--exit-with-parent]';

/** Reads the arguments after the program's name. @throws {WorkerError} USAGE */
export function parseWorkerArguments(args: readonly string[]): WorkerArguments {
  const options = readOptions(args);
  const { coordinator, name = `${hostname()}-${process.pid}`, 'exit-with-parent': exitWithParent } = options;
  if (coordinator === undefined) throw usage('--coordinator: expected HOST:PORT, got none');
  if (!/^[\w.-]{1,100}$/.test(name)) throw usage(`--name: expected 1..100 letters, digits, '.', '_' or '-', got ${JSON.stringify(name)}`);
  const drainMs = readMs('--drain-ms', options['drain-ms']);
  const giveUpMs = readMs('--give-up-ms', options['give-up-ms']);
  try {
    return {
      coordinators: [...new Set(coordinator.split(',').map((address) => parseAddress(address.trim())))],
      name,
      exitWithParent,
      ...(drainMs !== undefined && { drainMs }),
      ...(giveUpMs !== undefined && { giveUpMs }),
    };
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
        'drain-ms': { type: 'string' },
        'give-up-ms': { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function readMs(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usage(`${option}: expected whole milliseconds, got ${JSON.stringify(text)}`);
}

function usage(message: string): WorkerError {
  return new WorkerError('USAGE', message, { hint: `usage: ${USAGE}`, exitCode: EXIT.usage });
}
