/**
 * A cluster of real processes on this host for one run, like `torchrun --standalone`: one coordinator on loopback and N workers. Whoever
 * dies is started again within `maxRestarts`, workers and coordinator counted apart: a coordinator takes its run up again on its old port,
 * and the workers live on. The run cannot go on (`failed`) without a coordinator, or when the last worker is lost.
 *
 * With a standby there are two coordinators with folders of their own: when the leader is lost the other one takes the run over, and the lost
 * process is started again to stand by.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CoordinatorArtery } from '../artery/coordinator-artery.ts';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { startCoordinatorProcess, whereItListens, type Resumption } from './coordinator-process.ts';
import { describeExit, ManagedProcess, type ProcessExit } from './managed-process.ts';
import type { ClusterPrograms } from './programs.ts';
import { decideAfterExit, type ExitDecision } from './restart-policy.ts';
import { within } from './within.ts';

/** Options of {@link startLocalCluster}. */
export interface LocalClusterOptions {
  readonly programs: ClusterPrograms;
  /** Folder that holds the run folders. */
  readonly runsFolder: string;
  /** Port of the coordinator on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** How often processes may be started again over the run: all workers together, and the coordinator. */
  readonly maxRestarts: number;
  /** Told about every process that is started again or lost for good. */
  readonly onNotice: (text: string) => void;
  /** Ends the wait for the coordinator and kills it; the start then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** A run that the coordinator takes up, instead of waiting for a submission. */
  readonly resume?: Resumption;
  /** What the coordinator is told of NATS; default nothing. */
  readonly artery?: CoordinatorArtery;
  /** Where a worker connects to; default the coordinator's own address. */
  readonly addressFor?: (worker: string, coordinator: string) => Promise<string>;
  /** Told of every end of a process. */
  readonly onExit?: (name: string, exit: ProcessExit) => void;
}

/** Starts the coordinator and waits until it listens. @throws {CliError} COORDINATOR_START, exit code 3, or what it says of the run */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { programs, runsFolder, port, resume, artery, signal } = options;
  const places = [{ name: 'coordinator', runsFolder, port }];
  if (artery?.standby) places.push({ name: 'coordinator-2', runsFolder: standbyFolder(runsFolder), port: 0 });
  const coordinators: Coordinator[] = [];
  try {
    for (const { port, ...place } of places) {
      mkdirSync(place.runsFolder, { recursive: true });
      const how = { ...place, port, ...(resume && { resume }), ...(artery && { artery }) };
      const process = startCoordinatorProcess({ program: programs.coordinator, ...how });
      coordinators.push({ ...place, address: await whereItListens(process, signal), process });
    }
  } catch (error) {
    for (const { process } of coordinators) process.kill('SIGKILL');
    throw error;
  }
  return new LocalCluster(coordinators, options);
}

/** A coordinator in its place, whatever process runs there. */
export interface Coordinator {
  readonly name: string;
  /** Folder that holds its run folders. */
  readonly runsFolder: string;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  process: ManagedProcess;
}

/** The processes of one run. */
export class LocalCluster {
  /** `127.0.0.1:PORT` of each coordinator, the first one first. */
  readonly addresses: readonly string[];
  /** Rejects with a CliError when the run cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Resolves when the coordinator has ended as one does whose run is over. */
  readonly coordinatorLeft: Promise<void>;
  readonly #options: LocalClusterOptions;
  readonly #workers = new Map<string, ManagedProcess>();
  /** Workers that are about to leave. */
  readonly #leaving = new Set<ManagedProcess>();
  /** Names of workers whose address is being found. */
  readonly #starting = new Set<string>();
  readonly #restarts = { coordinator: 0, workers: 0 };
  readonly #coordinators: readonly Coordinator[];
  #fail: (error: CliError) => void = () => undefined;
  #leave: () => void = () => undefined;
  #run: string | undefined;
  #logs: string | undefined;
  #isStopping = false;

  /** Takes over coordinators that listen; use {@link startLocalCluster}. */
  constructor(coordinators: readonly Coordinator[], options: LocalClusterOptions) {
    this.#coordinators = coordinators;
    this.addresses = coordinators.map(({ address }) => address);
    this.#options = options;
    this.#run = options.resume?.run;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined); // a run may end before anyone waits for this
    this.coordinatorLeft = new Promise((resolve) => (this.#leave = resolve));
    for (const coordinator of coordinators) void this.#guard(coordinator);
  }

  /** Whether the end of a process is expected. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** The process of the present first coordinator; it may have ended. */
  get coordinator(): ManagedProcess {
    return this.#coordinators[0].process;
  }

  /** The processes of the workers that run, by number. */
  get workers(): readonly ManagedProcess[] {
    return [...this.#workers.values()].filter(({ isRunning }) => isRunning).toSorted((a, b) => byNumber(a.name, b.name));
  }

  /**
   * Starts workers until `count` are there beside those that leave, under free names, `worker-1` first. Who leaves when there are too many
   * is the coordinator's to say, see {@link expectLeave}.
   */
  scale(count: number): void {
    if (this.#isStopping) return;
    const staying = [...this.#workers.values()].filter((worker) => worker.isRunning && !this.#leaving.has(worker));
    for (let i = 1, missing = count - staying.length - this.#starting.size; missing > 0; i++) {
      if (this.#starting.has(`worker-${i}`) || this.#workers.get(`worker-${i}`)?.isRunning) continue;
      void this.#startWorker(`worker-${i}`);
      missing--;
    }
  }

  /** A worker leaves in order: it is not started again, however it ends. */
  expectLeave(name: string): void {
    const worker = this.#workers.get(name);
    if (worker?.isRunning) this.#leaving.add(worker);
  }

  /** Tells the cluster its run and the folder of it: each process logs to `logs/NAME.log` in it. */
  belongTo({ runId, directory }: { readonly runId: string; readonly directory: string }): void {
    this.#run = runId;
    this.#logs = join(directory, 'logs');
    mkdirSync(this.#logs, { recursive: true });
    for (const child of this.#children()) child.log.attach(join(this.#logs, `${child.name}.log`));
  }

  /** From now on the end of a process is expected. */
  expectEnd(): void {
    this.#isStopping = true;
  }

  /** Resolves when every process is gone and every log is written. */
  async ended(): Promise<void> {
    const children = this.#children();
    await Promise.all(children.map(({ exited }) => exited));
    await Promise.all(children.map(({ log }) => log.close()));
  }

  /** Ends what still runs: waits `graceMs`, then SIGTERM, `termMs` later SIGKILL. Resolves when all is gone. */
  async stop({ graceMs, termMs }: { readonly graceMs: number; readonly termMs: number }): Promise<void> {
    this.expectEnd();
    const ended = this.ended().then(() => true);
    if ((await within(graceMs, ended)) === true) return;
    this.#signal('SIGTERM');
    if ((await within(termMs, ended)) === true) return;
    this.killNow();
    await ended;
  }

  /** Kills every process at once. */
  killNow(): void {
    this.expectEnd();
    this.#signal('SIGKILL');
  }

  #children(): ManagedProcess[] {
    return [...this.#coordinators.map(({ process }) => process), ...this.#workers.values()];
  }

  #signal(signal: NodeJS.Signals): void {
    for (const child of this.#children()) child.kill(signal);
  }

  /** Starts a coordinator again when it is lost. */
  async #guard(coordinator: Coordinator): Promise<void> {
    const { name, runsFolder, address, process } = coordinator;
    const exit = await process.exited;
    this.#options.onExit?.(name, exit);
    const { maxRestarts, onNotice, programs, artery } = this.#options;
    const decision = this.#decide(exit, 'coordinator');
    const others = this.#coordinators.some((other) => other.process.isRunning);
    if (decision === 'done') return others ? undefined : this.#leave();
    const run = this.#run;
    const standsBy = artery?.standby === true; // whoever is started again waits until it is needed
    const { code } = process.log.complaint;
    if (DEPOSED.has(code) && !standsBy) return this.#fail(this.#deposed(code));
    if (decision === 'lost' && others) return onNotice(`${name} is lost (${describeExit(exit)}); nobody stands by any more`);
    if (decision === 'lost' || (run === undefined && !standsBy)) {
      const what = `${name}: expected it to run until the run is over, got ${describeExit(exit)}`;
      return this.#fail(this.#errorOf(process, { code: 'COORDINATOR_LOST', what, exitCode: EXIT.unreachable }));
    }
    this.#restarts.coordinator++;
    onNotice(`${name} ended (${describeExit(exit)}); started again (${this.#restarts.coordinator} of ${maxRestarts})`);
    const { log } = process;
    log.forget();
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    const how = { name, runsFolder, port, log, ...(run !== undefined && !standsBy && { resume: { run } }), ...(artery && { artery }) };
    coordinator.process = startCoordinatorProcess({ program: programs.coordinator, ...how });
    coordinator.process.discardOutput();
    void this.#guard(coordinator);
  }

  async #startWorker(name: string): Promise<void> {
    const { addressFor, programs } = this.#options;
    if (addressFor !== undefined) this.#starting.add(name);
    const [first] = this.addresses;
    const address = addressFor === undefined ? this.addresses.join(',') : await addressFor(name, first);
    this.#starting.delete(name);
    if (this.#isStopping) return;
    const args = ['--coordinator', address, '--name', name, '--exit-with-parent'];
    const log = this.#workers.get(name)?.log;
    log?.forget();
    const worker = new ManagedProcess({ name, program: programs.worker, args, ...(log && { log }) });
    worker.discardOutput();
    if (this.#logs !== undefined) worker.log.attach(join(this.#logs, `${name}.log`));
    this.#workers.set(name, worker);
    void worker.exited.then((exit) => this.#onWorkerExit(worker, exit));
  }

  #onWorkerExit(worker: ManagedProcess, exit: ProcessExit): void {
    const { maxRestarts, onNotice, onExit } = this.#options;
    onExit?.(worker.name, exit);
    if (this.#leaving.delete(worker)) return;
    const decision = this.#decide(exit, 'workers');
    if (decision === 'done') return;
    if (decision === 'restart') {
      this.#restarts.workers++;
      onNotice(`${worker.name} ended (${describeExit(exit)}); started again (${this.#restarts.workers} of ${maxRestarts})`);
      void this.#startWorker(worker.name);
      return;
    }
    const { lastComplaint } = worker.log;
    onNotice(`${worker.name} is lost (${describeExit(exit)})${lastComplaint === '' ? '' : `: ${lastComplaint}`}`);
    if ([...this.#workers.values()].some(({ isRunning }) => isRunning)) return;
    const what = `workers: expected at least one, got none: ${worker.name} ended with ${describeExit(exit)}`;
    this.#fail(this.#errorOf(worker, { code: 'WORKERS_LOST', what, exitCode: EXIT.failed }));
  }

  #decide(exit: ProcessExit, kind: 'coordinator' | 'workers'): ExitDecision {
    const { maxRestarts } = this.#options;
    return decideAfterExit({ exit, isStopping: this.#isStopping, restarts: this.#restarts[kind], maxRestarts });
  }

  #deposed(code: string): CliError {
    const message = `run ${this.#run}: expected to lead it to its end, got another coordinator that has taken it over`;
    return new CliError({
      code,
      message,
      hint: 'the run goes on there; nothing that was committed here is lost',
      exitCode: EXIT.unreachable,
    });
  }

  #errorOf({ log, name }: ManagedProcess, { code, what, exitCode }: { code: string; what: string; exitCode: ExitCode }): CliError {
    const message = log.lastComplaint === '' ? what : `${what}: ${log.lastComplaint}`;
    const hint = this.#logs === undefined ? 'geo doctor checks ports, disk and executors' : `see ${join(this.#logs, `${name}.log`)}`;
    return new CliError({ code, message, hint, exitCode });
  }
}

/** Where a standby keeps its runs, in the folder of the first coordinator's. */
export function standbyFolder(runsFolder: string): string {
  return join(runsFolder, '.standby');
}

/** What a coordinator says when another one leads its run. */
const DEPOSED: ReadonlySet<string> = new Set(['LOG_DEPOSED', 'RUN_ACTIVE']);

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
