/**
 * One run of `geo chaos`, undisturbed or under a schedule of faults, with what was seen of it: commits, faults, memory, defects.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScheduledFault } from '@geodesic/chaos';
import type { RunSpec } from '@geodesic/run-spec';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import { clusterPrograms } from '../cluster/programs.ts';
import type { Guards } from '../commands/conduct.ts';
import type { FinishedRun } from '../run-connection.ts';
import { newRun } from '../run-folders/run-source.ts';
import { trainLocally } from '../train-locally.ts';
import { readNumber } from '../view/event-fields.ts';
import type { RunReporter } from '../view/run-reporter.ts';
import { FaultInjector, type InjectedFault } from './fault-injector.ts';
import { residentBytes, summariseMemory, type MemorySample, type MemorySummary } from './resident-memory.ts';
import { WorkerLines } from './worker-lines.ts';

/** Options of {@link observeRun}. */
export interface ObservedRunOptions extends Guards {
  readonly spec: RunSpec;
  readonly specPath: string;
  readonly runsFolder: string;
  readonly reporter: RunReporter;
  /** What is broken when, from the first commit on; default nothing. */
  readonly schedule?: readonly ScheduledFault[];
  /** Shares of the run's steps, ascending, after which the coordinator is killed; default never. */
  readonly coordinatorKills?: readonly number[];
  /** Seed of the proxies; absent: workers reach the coordinator without one. */
  readonly proxySeed?: number;
  readonly onFault?: (fault: InjectedFault) => void;
}

/** A run that completed, and what was seen of it. */
export interface ObservedRun {
  readonly finished: FinishedRun;
  readonly faults: readonly InjectedFault[];
  /** Arrivals of `step.committed` on the clock of `performance.now()`. */
  readonly commitsMs: readonly number[];
  /** Of the coordinator. */
  readonly memory?: MemorySummary;
  /** Exit codes 70 and logged unhandled errors, in words. */
  readonly defects: readonly string[];
}

const SAMPLE_MS = 1_000;
const INTERNAL_EXIT = 70;

/** Trains to the end. @throws {CliError} when the run does not complete */
export async function observeRun(options: ObservedRunOptions): Promise<ObservedRun> {
  const { spec, specPath, runsFolder, reporter, schedule = [], coordinatorKills = [], proxySeed, interruption } = options;
  const lines = proxySeed === undefined ? undefined : new WorkerLines(proxySeed);
  const faults: InjectedFault[] = [];
  const commitsMs: number[] = [];
  const defects: string[] = [];
  const samples: MemorySample[] = [];
  let cluster: LocalCluster | undefined;
  let injector: FaultInjector | undefined;
  const onFault = (fault: InjectedFault): void => {
    faults.push(fault);
    options.onFault?.(fault);
  };
  let steps = Infinity;
  const kills = [...coordinatorKills];
  /** Faults begin with the first commit; the coordinator is killed by steps, so that it happens as often as it was to, however fast the run is. */
  const onCommit = (step: number): void => {
    if (commitsMs.push(performance.now()) === 1 && cluster !== undefined) {
      injector = new FaultInjector({ cluster, schedule, onFault, ...(lines && { lines }) });
      injector.start();
    }
    if (!(kills[0] * steps <= step)) return;
    kills.shift();
    injector?.killCoordinator();
  };
  const sampler = setInterval(() => sample(cluster, samples), SAMPLE_MS);
  try {
    const finished = await trainLocally({
      source: newRun({ spec, specPath }),
      workers: spec.cluster.workers,
      // A process that ends by itself again and again must not be started for ever.
      maxRestarts: spec.cluster.maxRestarts + 2 * (schedule.length + coordinatorKills.length),
      runsFolder,
      port: 0,
      programs: clusterPrograms(),
      interruption,
      reporter: {
        ...forwarding(reporter),
        begin: (header, summary) => {
          ({ steps } = header);
          reporter.begin(header, summary);
        },
        event: (event) => {
          if (event.type === 'step.committed') onCommit(readNumber(event.data, 'step'));
          if (event.type === 'run.finished') injector?.end();
          reporter.event(event);
        },
      },
      onCluster: (started) => {
        cluster = started;
        options.onCluster(started);
      },
      onExit: (name, { code }) => {
        if (code === INTERNAL_EXIT) defects.push(`${name} ended with exit code ${INTERNAL_EXIT}`);
      },
      ...(lines && { addressFor: (worker, coordinator) => lines.addressFor(worker, coordinator) }),
    });
    const memory = summariseMemory(samples);
    defects.push(...(await unhandledIn(finished.directory)));
    return { finished, faults, commitsMs, defects, ...(memory && { memory }) };
  } finally {
    clearInterval(sampler);
    injector?.end();
    await lines?.close();
  }
}

/** The methods alone: a reporter may be of a class. */
function forwarding(reporter: RunReporter): RunReporter {
  return {
    begin: (header, summary) => reporter.begin(header, summary),
    event: (event) => reporter.event(event),
    notice: (text) => reporter.notice(text),
    close: () => reporter.close(),
  };
}

function sample(cluster: LocalCluster | undefined, samples: MemorySample[]): void {
  const { pid } = cluster?.coordinator ?? {};
  const bytes = pid === undefined ? undefined : residentBytes(pid);
  if (pid !== undefined && bytes !== undefined && bytes > 0) samples.push({ pid, atMs: performance.now(), bytes });
}

/** Lines of the processes' logs that tell of an error which nobody handled. */
async function unhandledIn(directory: string): Promise<readonly string[]> {
  const folder = join(directory, 'logs');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log')).toSorted();
  const texts = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const));
  return texts.flatMap(([name, text]) =>
    text
      .split('\n')
      .filter((line) => /unhandled|uncaught/i.test(line))
      .map((line) => `${name}: ${line.slice(0, 200)}`),
  );
}
