/** The command line of `geodesic-coordinator`, and what of NATS is in the environment. */
import { parseArgs } from 'node:util';
import { EventsError, readNatsOptions } from '@geodesic/events';
import type { NatsOptions } from '@geodesic/events';
import type { BroadcastFiles } from './checkpoint-broadcast.ts';
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
  /** Where NATS is configured. */
  readonly nats?: NatsArguments;
}

/** NATS, and what goes over it. */
export interface NatsArguments {
  readonly options: NatsOptions;
  /** Whether other coordinators stand by. */
  readonly ha: boolean;
  /** Time without renewal after which one of them may lead, ms. */
  readonly leaseMs: number;
  /** Which files of a checkpoint are broadcast. */
  readonly broadcast: BroadcastFiles | 'none';
}

const USAGE =
  'geodesic-coordinator --runs DIR [--resume RUN [--from STEP] [--takeover] [--rebase]] [--host 127.0.0.1] [--port 0] [--once] [--exit-with-parent]' +
  ' [--nats URL[,URL] [--cluster main] [--broadcast parameters|all|none] [--ha none|nats [--lease-ms 3000]]]';

const LEASE_MS = { least: 200, most: 600_000 };

/** Reads the arguments after the program's name. @param env default that of the process @throws {CoordinatorError} USAGE */
export function parseCoordinatorArguments(args: readonly string[], env: Environment = process.env): CoordinatorArguments {
  const { runs, host, port, once, 'exit-with-parent': exitWithParent, ...rest } = readOptions(args);
  if (runs === undefined || runs === '') throw usage('--runs: expected a folder, got none');
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw usage(`--port: expected 0..65535, got ${JSON.stringify(port)}`);
  const resume = readResume(rest);
  const nats = readNats(rest, env);
  return { runs, host, port: Number(port), once, exitWithParent, ...(resume && { resume }), ...(nats && { nats }) };
}

type Environment = Readonly<Record<string, string | undefined>>;

interface NatsFlags {
  readonly nats?: string;
  readonly cluster?: string;
  readonly ha: string;
  readonly 'lease-ms': string;
  readonly broadcast: string;
}

function readNats({ nats: url, cluster, ha, 'lease-ms': leaseMs, broadcast }: NatsFlags, env: Environment): NatsArguments | undefined {
  if (ha !== 'none' && ha !== 'nats') throw usage(`--ha: expected none or nats, got ${JSON.stringify(ha)}`);
  const { least, most } = LEASE_MS;
  if (!/^\d+$/.test(leaseMs) || Number(leaseMs) < least || Number(leaseMs) > most)
    throw usage(`--lease-ms: expected ${least}..${most}, got ${JSON.stringify(leaseMs)}`);
  if (broadcast !== 'parameters' && broadcast !== 'all' && broadcast !== 'none')
    throw usage(`--broadcast: expected parameters, all or none, got ${JSON.stringify(broadcast)}`);
  const options = natsOptions({ url, cluster, env });
  if (options) return { options, ha: ha === 'nats', leaseMs: Number(leaseMs), broadcast };
  if (ha === 'nats') throw usage('--ha nats: expected --nats URL beside it, or GEODESIC_NATS_URL, got neither');
  return undefined;
}

function natsOptions(sources: Parameters<typeof readNatsOptions>[0]): NatsOptions | undefined {
  try {
    return readNatsOptions(sources);
  } catch (error) {
    throw error instanceof EventsError ? usage(`${error.message} (${error.hint})`) : error;
  }
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

function readOptions(args: readonly string[]): ResumeOptions &
  NatsFlags & {
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
        nats: { type: 'string' },
        cluster: { type: 'string' },
        ha: { type: 'string', default: 'none' },
        'lease-ms': { type: 'string', default: '3000' },
        broadcast: { type: 'string', default: 'parameters' },
      },
    }).values;
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function usage(message: string): CoordinatorError {
  return new CoordinatorError('USAGE', message, { hint: `usage: ${USAGE}`, exitCode: EXIT.usage });
}
