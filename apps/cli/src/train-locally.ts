/**
 * One run on a local cluster, from its source to its result: start, submit, watch, end. Whatever happens, no process is left when it returns.
 */
import type { RunEvent } from '@geodesic/wire';
import { standbyFolder, startLocalCluster, type LocalCluster, type LocalClusterOptions } from './cluster/local-cluster.ts';
import type { ClusterPrograms } from './cluster/programs.ts';
import { within } from './cluster/within.ts';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { Interruption } from './interruption.ts';
import { connectToRun, type FinishedRun, type RunConnection } from './run-connection.ts';
import type { PreparedRun, RunSource } from './run-folders/run-source.ts';
import { readNumber, readText } from './view/event-fields.ts';
import type { RunReporter } from './view/run-reporter.ts';

// After Ctrl-C everything is gone within 2 s: the coordinator has 900 ms to commit and say so, all have 300 ms to leave and 400 ms after SIGTERM.
const STOP_REPLY_MS = 900;
const AFTER_STOP = { graceMs: 300, termMs: 400 };
const AFTER_FINISH = { graceMs: 1_500, termMs: 400 };
const AFTER_FAILURE = { graceMs: 0, termMs: 400 };
// The connection breaks a moment before the exit of the process at its other end is known; the exit says more.
const EXIT_NEWS_MS = 1_000;

/** Options of {@link trainLocally}. */
export interface TrainLocallyOptions extends Pick<LocalClusterOptions, 'maxRestarts' | 'addressFor' | 'onExit' | 'artery'> {
  readonly source: RunSource;
  /** Worker processes at the start; `geo scale` changes it. */
  readonly workers: number;
  readonly runsFolder: string;
  /** Port of the coordinator, 0 for a free one. */
  readonly port: number;
  readonly programs: ClusterPrograms;
  readonly reporter: RunReporter;
  readonly interruption: Pick<Interruption, 'requested'>;
  /** Handed the cluster as soon as there is one, for an end without ceremony. */
  readonly onCluster: (cluster: LocalCluster) => void;
}

/**
 * Trains to the end.
 *
 * @throws {CliError} SPEC_INVALID, COORDINATOR_START, COORDINATOR_LOST, WORKERS_LOST, INTERRUPTED or the run's own code
 */
export async function trainLocally(options: TrainLocallyOptions): Promise<FinishedRun> {
  const interrupted = options.interruption.requested.then((): never => {
    throw interruptedError();
  });
  const { cluster, prepared } = await startTogether(options, interrupted);
  const connection = connectToRun(cluster.addresses, { folders: [options.runsFolder, standbyFolder(options.runsFolder)] });
  const training = train({ cluster, prepared, connection, reporter: options.reporter });
  try {
    const untold = cluster.coordinatorLeft.then(async () => (await within(EXIT_NEWS_MS, training)) ?? connection.recordedEnd());
    untold.catch(() => undefined); // whoever is first has the word
    const finished = await Promise.race([training, untold, cluster.failed, interrupted]);
    await cluster.stop(AFTER_FINISH);
    return finished;
  } catch (error) {
    const isInterrupted = error instanceof CliError && error.code === 'INTERRUPTED';
    if (isInterrupted && connection.directory !== undefined)
      await within(STOP_REPLY_MS, Promise.allSettled([connection.stop('interrupted'), training]));
    await cluster.stop(isInterrupted ? AFTER_STOP : AFTER_FAILURE);
    throw isInterrupted ? interruptedError(connection.directory) : error;
  } finally {
    connection.close();
  }
}

/** Starts the processes and prepares the run at the same time; leaves nothing behind when either fails. */
async function startTogether(
  { source, workers, runsFolder, port, programs, reporter, onCluster, maxRestarts, addressFor, onExit, artery }: TrainLocallyOptions,
  interrupted: Promise<never>,
): Promise<{ cluster: LocalCluster; prepared: PreparedRun }> {
  const giveUp = new AbortController();
  const { signal } = giveUp;
  interrupted.catch(() => giveUp.abort());
  const onNotice = (text: string): void => reporter.notice(text);
  const { resume } = source;
  const hooks = { onNotice, signal, ...(addressFor && { addressFor }), ...(onExit && { onExit }) };
  const about = { ...(resume && { resume }), ...(artery && { artery }) };
  const start = async (): Promise<LocalCluster> => {
    const cluster = await startLocalCluster({ programs, runsFolder, port, maxRestarts, ...hooks, ...about });
    onCluster(cluster);
    cluster.scale(workers); // they wait for the run
    return cluster;
  };
  const orGiveUp = <T>(part: Promise<T>): Promise<T> => {
    part.catch(() => giveUp.abort());
    return part;
  };
  const [started, prepared] = await Promise.allSettled([orGiveUp(start()), orGiveUp(source.prepare(signal))]);
  if (started.status === 'fulfilled' && prepared.status === 'fulfilled' && !signal.aborted)
    return { cluster: started.value, prepared: prepared.value };
  if (started.status === 'fulfilled') await started.value.stop(AFTER_FAILURE);
  // The part that failed by itself has the reason; the other one only gave up.
  const reasons = [prepared, started].flatMap((part) =>
    part.status === 'rejected' && part.reason !== signal.reason ? [part.reason as unknown] : [],
  );
  throw reasons[0] ?? interruptedError();
}

interface TrainOptions extends Pick<TrainLocallyOptions, 'reporter'> {
  readonly cluster: LocalCluster;
  readonly prepared: PreparedRun;
  readonly connection: RunConnection;
}

async function train({ cluster, prepared, connection, reporter }: TrainOptions): Promise<FinishedRun> {
  let { endsPause = false } = prepared;
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'run.paused' && endsPause) {
      endsPause = false; // a pause that comes later is another one
      connection.resume('taken up by geo').catch((error: unknown) => reporter.notice(`still paused: ${(error as Error).message}`));
    }
    // The run says how many workers it wants, and sends home those too many; whoever started the processes starts the others.
    if (event.type === 'run.scaled') cluster.scale(readNumber(event.data, 'workers'));
    if (event.type === 'worker.draining') cluster.expectLeave(readText(event.data, 'worker'));
    if (event.type === 'run.finished') cluster.expectEnd();
    reporter.event(event);
  };
  try {
    reporter.begin(prepared.header, prepared.summary);
    cluster.belongTo(await prepared.begin(connection));
    return await connection.watchToEnd(onEvent);
  } catch (error) {
    if (!cluster.isStopping) await within(EXIT_NEWS_MS, cluster.failed);
    throw error;
  }
}

function interruptedError(directory?: string): CliError {
  const hint = directory === undefined ? 'nothing was started yet' : `geo resume takes it up again; what was committed is in ${directory}`;
  return new CliError({
    code: 'INTERRUPTED',
    message: 'run: expected to train to the last step, got interrupted',
    hint,
    exitCode: EXIT.interrupted,
  });
}
