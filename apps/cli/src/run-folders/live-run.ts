/**
 * The coordinator that leads a run now, as its folder names it: found, asked, told. The record may be stale after a crash, so a
 * process that is gone and an address that does not answer are both told apart from a run that is led.
 */
import { isAlive, readLeader, RunFolder, type LeaderRecord } from '@geodesic/run-store';
import { connectRuns, WireError, type ControlRequest, type RunsClient, type RunStatus } from '@geodesic/wire';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { asCliError } from '../wire-failure.ts';
import type { FoundRun } from './find-run.ts';

/** The leader of a run, if one is there. */
export type Leadership =
  | { readonly state: 'none' }
  /** Its process is there but does not answer. */
  | { readonly state: 'silent'; readonly leader: LeaderRecord }
  | { readonly state: 'live'; readonly leader: LeaderRecord; readonly status: RunStatus };

/** Who leads a run, and how the run stands. */
export async function leadershipOf({ runId, directory }: FoundRun): Promise<Leadership> {
  const leader = await readLeader(new RunFolder(runId, directory));
  if (leader === undefined) return { state: 'none' };
  const isThere = await isAlive(leader);
  try {
    const status = await withClient(leader, (client) => client.get(runId));
    return isOver(status) ? { state: 'none' } : { state: 'live', leader, status };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return isThere ? { state: 'silent', leader } : { state: 'none' };
  }
}

/**
 * Asks something of a run that is under way; returns the first step for which it holds.
 * @throws {CliError} RUN_NOT_LIVE, exit code 3, when nobody leads it; what the coordinator answers
 */
export async function controlRun(run: FoundRun, request: Omit<ControlRequest, 'run'>): Promise<{ readonly step: number }> {
  const leadership = await leadershipOf(run);
  if (leadership.state !== 'live') throw notLive(run, leadership);
  return controlAt(leadership.leader.address, { run: run.runId, ...request });
}

/** Asks a coordinator. @param address HOST:PORT @throws {CliError} what it answers, or UNREACHABLE */
export async function controlAt(address: string, request: ControlRequest): Promise<{ readonly step: number }> {
  try {
    return await withClient({ address }, (client) => client.control(request));
  } catch (error) {
    throw asCliError(error);
  }
}

/** Whether a coordinator leads a run that is not over. @param address HOST:PORT */
export async function isLedAt(address: string, run: string): Promise<boolean> {
  try {
    return !isOver(await withClient({ address }, (client) => client.get(run)));
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

function notLive({ runId }: FoundRun, leadership: Exclude<Leadership, { state: 'live' }>): CliError {
  const got =
    leadership.state === 'none'
      ? 'none'
      : `one at ${leadership.leader.address} (pid ${leadership.leader.pid} on ${leadership.leader.host}) that does not answer`;
  const message = `run ${runId}: expected a coordinator that leads it, got ${got}`;
  const hint = `geo resume ${runId} takes it up; a run that has completed stays as it is`;
  return new CliError({ code: 'RUN_NOT_LIVE', message, hint, exitCode: EXIT.unreachable });
}

function isOver({ state }: RunStatus): boolean {
  return state === 'completed' || state === 'stopped' || state === 'failed';
}

async function withClient<T>({ address }: Pick<LeaderRecord, 'address'>, ask: (client: RunsClient) => Promise<T>): Promise<T> {
  const client = connectRuns(address);
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}
