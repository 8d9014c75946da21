/**
 * The coordinator process of a local cluster: its command line, and the wait until it listens. A coordinator that takes a run over
 * is started like one that waits for a submission, with `--resume`.
 */
import { coordinatorArguments, type CoordinatorArtery } from '../artery/coordinator-artery.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { LogFile } from './log-file.ts';
import { describeExit, ManagedProcess } from './managed-process.ts';
import { within } from './within.ts';

const START_DEADLINE_MS = 20_000;
/** Codes that tell of the run which was to be taken up. */
const OF_THE_RUN = /^(RUN|LOG|CHECKPOINT|FINGERPRINT)_|^BUNDLE$/;

/** A run that a coordinator takes up instead of waiting for one. */
export interface Resumption {
  /** The run's id: its folder in the folder of runs. */
  readonly run: string;
  /** The step of the checkpoint from which it goes on; default the newest good one. */
  readonly from?: number;
  /** Even from a leader that seems to live. Default false. */
  readonly takeover?: boolean;
  /** Under another numeric fingerprint. Default false. */
  readonly rebase?: boolean;
}

/** Options of {@link startCoordinatorProcess}. */
export interface CoordinatorProcessOptions {
  /** Default `coordinator`. */
  readonly name?: string;
  /** Path of the program. */
  readonly program: string;
  readonly runsFolder: string;
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  readonly resume?: Resumption;
  /** What it is told of NATS; default nothing. */
  readonly artery?: CoordinatorArtery;
  /** Continued by a coordinator that replaces another one. */
  readonly log?: LogFile;
}

/** Starts the process. */
export function startCoordinatorProcess(options: CoordinatorProcessOptions): ManagedProcess {
  const { name = 'coordinator', program, runsFolder, port, resume, artery, log } = options;
  const args = ['--runs', runsFolder, '--host', '127.0.0.1', '--port', String(port), '--once', '--exit-with-parent'];
  const more = [...argumentsOf(resume), ...(artery === undefined ? [] : coordinatorArguments(artery))];
  return new ManagedProcess({ name, program, args: [...args, ...more], ...(log && { log }) });
}

/**
 * Waits until it listens and returns `127.0.0.1:PORT`; kills it when the signal aborts.
 * @throws {CliError} its own words, or COORDINATOR_START, exit code 3; the signal's reason
 */
export async function whereItListens(coordinator: ManagedProcess, signal: AbortSignal): Promise<string> {
  const onAbort = (): void => coordinator.kill('SIGKILL');
  signal.addEventListener('abort', onAbort);
  const line = await within(START_DEADLINE_MS, coordinator.firstLine());
  signal.removeEventListener('abort', onAbort);
  const address = line === undefined ? undefined : addressOf(line);
  if (address !== undefined && !signal.aborted) return address;
  const error = await startError(coordinator, line);
  throw signal.aborted ? signal.reason : error;
}

function argumentsOf(resume: Resumption | undefined): string[] {
  if (resume === undefined) return [];
  const from = resume.from === undefined ? [] : ['--from', String(resume.from)];
  const flags = [...(resume.takeover ? ['--takeover'] : []), ...(resume.rebase ? ['--rebase'] : [])];
  return ['--resume', resume.run, ...from, ...flags];
}

async function startError(coordinator: ManagedProcess, line: string | undefined): Promise<CliError> {
  const waited = coordinator.isRunning;
  coordinator.kill('SIGKILL');
  const exit = await coordinator.exited;
  const { code, message: complaint, hint } = coordinator.log.complaint;
  // What it says of a run that it cannot take up is the answer, not a symptom.
  if (OF_THE_RUN.test(code)) return new CliError({ code, message: complaint, hint, exitCode: EXIT.failed });
  const got = line ?? (waited ? `none within ${START_DEADLINE_MS / 1000} s` : describeExit(exit));
  const message = `coordinator: expected a line that says where it listens, got ${got}${complaint === '' ? '' : `: ${complaint}`}`;
  return new CliError({
    code: 'COORDINATOR_START',
    message,
    hint: 'geo doctor checks ports, disk and executors',
    exitCode: EXIT.unreachable,
  });
}

function addressOf(line: string): string | undefined {
  try {
    const { event, address } = JSON.parse(line) as { event?: unknown; address?: unknown };
    return event === 'listening' && typeof address === 'string' ? address : undefined;
  } catch {
    return undefined;
  }
}
