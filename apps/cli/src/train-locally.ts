/**
 * One run on a local cluster, from the spec to its result: start, submit, watch, end. Whatever happens, no process is left when it returns.
 */
import type { RunSpec } from '@geodesic/run-spec';
import type { BuiltBundle } from './build-bundle.ts';
import { buildInThread } from './build-in-thread.ts';
import { startLocalCluster, type LocalCluster } from './cluster/local-cluster.ts';
import type { ClusterPrograms } from './cluster/programs.ts';
import { within } from './cluster/within.ts';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { Interruption } from './interruption.ts';
import { connectToRun, type FinishedRun, type RunConnection } from './run-connection.ts';
import type { RunReporter } from './view/run-reporter.ts';

// After Ctrl-C everything is gone within 2 s: the coordinator has 900 ms to commit and say so, all have 300 ms to leave and 400 ms after SIGTERM.
const STOP_REPLY_MS = 900;
const AFTER_STOP = { graceMs: 300, termMs: 400 };
const AFTER_FINISH = { graceMs: 1_500, termMs: 400 };
const AFTER_FAILURE = { graceMs: 0, termMs: 400 };
// The connection breaks a moment before the exit of the process at its other end is known; the exit says more.
const EXIT_NEWS_MS = 1_000;

/** Options of {@link trainLocally}. */
export interface TrainLocallyOptions {
  readonly spec: RunSpec;
  /** Named in errors about the spec. */
  readonly specPath: string;
  readonly runsFolder: string;
  /** Port of the coordinator, 0 for a free one. */
  readonly port: number;
  readonly programs: ClusterPrograms;
  readonly reporter: RunReporter;
  readonly interruption: Pick<Interruption, 'requested'>;
  /** Handed the cluster as soon as there is one, for an end without ceremony. */
  readonly onCluster: (cluster: Pick<LocalCluster, 'killNow'>) => void;
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
  const { cluster, built } = await startTogether(options, interrupted);
  options.onCluster(cluster);
  const connection = connectToRun(cluster.address, options.reporter);
  const training = train({ cluster, built, connection, reporter: options.reporter });
  try {
    const finished = await Promise.race([training, cluster.failed, interrupted]);
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

/** Starts the processes and traces the model at the same time; leaves nothing behind when either fails. */
async function startTogether(
  { spec, specPath, runsFolder, port, programs, reporter }: TrainLocallyOptions,
  interrupted: Promise<never>,
): Promise<{ cluster: LocalCluster; built: BuiltBundle }> {
  const giveUp = new AbortController();
  const { signal } = giveUp;
  interrupted.catch(() => giveUp.abort());
  const { maxRestarts } = spec.cluster;
  const onNotice = (text: string): void => reporter.notice(text);
  const start = async (): Promise<LocalCluster> => {
    const cluster = await startLocalCluster({ programs, runsFolder, port, maxRestarts, onNotice, signal });
    cluster.startWorkers(spec.cluster.workers); // they wait for the run
    return cluster;
  };
  const orGiveUp = <T>(part: Promise<T>): Promise<T> => {
    part.catch(() => giveUp.abort());
    return part;
  };
  const [started, built] = await Promise.allSettled([orGiveUp(start()), orGiveUp(buildInThread({ spec, specPath }, signal))]);
  if (started.status === 'fulfilled' && built.status === 'fulfilled' && !signal.aborted)
    return { cluster: started.value, built: built.value };
  if (started.status === 'fulfilled') await started.value.stop(AFTER_FAILURE);
  // The part that failed by itself has the reason; the other one only gave up.
  const reasons = [built, started].flatMap((part) =>
    part.status === 'rejected' && part.reason !== signal.reason ? [part.reason as unknown] : [],
  );
  throw reasons[0] ?? interruptedError();
}

interface TrainOptions extends Pick<TrainLocallyOptions, 'reporter'> {
  readonly cluster: LocalCluster;
  readonly built: BuiltBundle;
  readonly connection: RunConnection;
}

async function train({ cluster, built: { bundle, spec, summary }, connection, reporter }: TrainOptions): Promise<FinishedRun> {
  try {
    reporter.begin({ name: spec.name, seed: spec.seed, steps: summary.steps, batch: spec.batch.examples }, summary);
    const { directory } = await connection.submit(bundle);
    cluster.logTo(directory);
    return await connection.watchToEnd(() => cluster.expectEnd());
  } catch (error) {
    if (!cluster.isStopping) await within(EXIT_NEWS_MS, cluster.failed);
    throw error;
  }
}

function interruptedError(directory?: string): CliError {
  const hint = directory === undefined ? 'nothing was started yet' : `what was committed is in ${directory}`;
  return new CliError({
    code: 'INTERRUPTED',
    message: 'run: expected to train to the last step, got interrupted',
    hint,
    exitCode: EXIT.interrupted,
  });
}
