/**
 * `geo pause`, `geo stop`, `geo scale`, `geo drain`: ask something of a run that is under way. What is asked for is in the commit log, with
 * the step from which it holds, when the command returns.
 */
import type { NatsOptions } from '@geodesic/events';
import { leaderInNats, type LedRun } from '../artery/leader-in-nats.ts';
import { natsOptionsOf, type NatsFlags } from '../artery/nats-flags.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { controlAt, controlRun } from '../run-folders/live-run.ts';

/** Options of {@link controlCommand}. */
export interface ControlCommandOptions extends NatsFlags {
  /** As `findRun` takes it. */
  readonly run: string;
  readonly runsFolder: string;
  readonly action: 'pause' | 'stop' | 'scale' | 'drain';
  readonly reason: string;
  /** Of `scale`. */
  readonly workers?: number;
  /** Of `drain`. */
  readonly worker?: string;
}

/**
 * Asks the coordinator that the run's folder names; with NATS the one that holds the lease, where the folder is elsewhere or names none that leads.
 * @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, RUN_NOT_LIVE, NATS_*, or what the coordinator answers
 */
export async function controlCommand(options: ControlCommandOptions, { env }: Pick<CommandIo, 'env'>): Promise<CommandResult> {
  const { run, runsFolder, nats: _, cluster: __, ...request } = options;
  const nats = natsOptionsOf(options, env);
  const { place, step } = await asked(run, { runsFolder, request, nats });
  const { action, workers, worker } = request;
  const data = { ...place, action, step, ...(workers !== undefined && { workers }), ...(worker !== undefined && { worker }) };
  return { data, text: `${place.runId}: ${said(request, step)}\n`, exitCode: EXIT.ok };
}

type Request = Omit<ControlCommandOptions, 'run' | 'runsFolder' | 'nats' | 'cluster'>;

interface Asked {
  readonly place: FoundRun | LedRun;
  /** The first step for which it holds. */
  readonly step: number;
}

async function asked(
  run: string,
  { runsFolder, request, nats }: { readonly runsFolder: string; readonly request: Request; readonly nats: NatsOptions | undefined },
): Promise<Asked> {
  try {
    const place = await findRun(run, { runsFolder });
    return { place, ...(await controlRun(place, request)) };
  } catch (error) {
    const mayBeElsewhere = error instanceof CliError && ELSEWHERE.has(error.code);
    if (nats === undefined || !mayBeElsewhere) throw error;
    const place = await leaderInNats(run, nats);
    return { place, ...(await controlAt(place.address, { run: place.runId, ...request })) };
  }
}

/** What is said of a run that this folder has not, or whose leader it does not name. */
const ELSEWHERE: ReadonlySet<string> = new Set(['RUN_UNKNOWN', 'RUN_NOT_LIVE', 'NOT_LEADER', 'UNREACHABLE']);

function said({ action, workers, worker }: Request, step: number): string {
  switch (action) {
    case 'pause':
      return `pauses before step ${step}; geo resume lets it go on`;
    case 'stop':
      return `stops before step ${step}`;
    case 'scale':
      return `${workers} ${workers === 1 ? 'worker' : 'workers'} from step ${step} on`;
    case 'drain':
      return `${worker} finishes what it computes and leaves`;
  }
}
