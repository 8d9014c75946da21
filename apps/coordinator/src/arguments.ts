/** The command line of `geodesic-coordinator`. */
import { parseArgs } from 'node:util';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { ResumeRequest } from './resume-run.ts';

/** What the command line says. */
export interface CoordinatorArguments {
  readonly runs: string;
  readonly host: string;
  readonly port: number;
  /** End after one run. */
  readonly once: boolean;
  /** End when standard input ends: the parent has gone. */
  readonly exitWithParent: boolean;
  /** A run to take up again. */
  readonly resume?: ResumeRequest;
}

const USAGE =
  'geodesic-coordinator --runs DIR [--resume RUN [--from STEP] [--takeover] [--rebase]] [--host 127.0.0.1] [--port 0] [--once] [--exit-with-parent]';

/** Reads the arguments after the program's name. @throws {CoordinatorError} USAGE */
export function parseCoordinatorArguments(args: readonly string[]): CoordinatorArguments {
  const { runs, host, port, once, 'exit-with-parent': exitWithParent, ...rest } = readOptions(args);
  if (runs === undefined || runs === '') throw usage('--runs: expected a folder, got none');
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw usage(`--port: expected 0..65535, got ${JSON.stringify(port)}`);
  const resume = readResume(rest);
  return { runs, host, port: Number(port), once, exitWithParent, ...(resume && { resume }) };
}

interface ResumeOptions {
  readonly resume?: string;
  readonly from?: string;
  readonly takeover: boolean;
  readonly rebase: boolean;
}

function readResume({ resume: run, from, takeover, rebase }: ResumeOptions): ResumeRequest | undefined {
  if (run === undefined) {
    const stray = from !== undefined ? '--from' : takeover ? '--takeover' : rebase ? '--rebase' : undefined;
    if (stray !== undefined) throw usage(`${stray}: expected --resume RUN beside it, got none`);
    return undefined;
  }
  if (run === '') throw usage('--resume: expected the name of a run, got none');
  if (from !== undefined && !/^\d+$/.test(from)) throw usage(`--from: expected a step, got ${JSON.stringify(from)}`);
  return { run, takeover, rebase, ...(from !== undefined && { from: Number(from) }) };
}

function readOptions(args: readonly string[]): ResumeOptions & {
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
        resume: { type: 'string' },
        from: { type: 'string' },
        takeover: { type: 'boolean', default: false },
        rebase: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function usage(message: string): CoordinatorError {
  return new CoordinatorError('USAGE', message, { hint: `usage: ${USAGE}`, exitCode: EXIT.usage });
}
