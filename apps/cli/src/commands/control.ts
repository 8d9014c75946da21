/**
 * `geo pause`, `geo stop`, `geo scale`, `geo drain`: ask something of a run that is under way. What is asked for is in the commit log, with
 * the step from which it holds, when the command returns.
 */
import { EXIT } from '../exit-code.ts';
import type { CommandResult } from '../output.ts';
import { findRun } from '../run-folders/find-run.ts';
import { controlRun } from '../run-folders/live-run.ts';

/** Options of {@link controlCommand}. */
export interface ControlCommandOptions {
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

/** Asks. @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, RUN_NOT_LIVE, or what the coordinator answers */
export async function controlCommand({ run, runsFolder, ...request }: ControlCommandOptions): Promise<CommandResult> {
  const found = await findRun(run, { runsFolder });
  const { step } = await controlRun(found, request);
  const { action, workers, worker } = request;
  const data = { ...found, action, step, ...(workers !== undefined && { workers }), ...(worker !== undefined && { worker }) };
  return { data, text: `${found.runId}: ${said(request, step)}\n`, exitCode: EXIT.ok };
}

function said({ action, workers, worker }: Omit<ControlCommandOptions, 'run' | 'runsFolder'>, step: number): string {
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
