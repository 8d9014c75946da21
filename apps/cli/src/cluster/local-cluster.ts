/**
 * A cluster of real processes on this host for one run, like `torchrun --standalone`: one coordinator on loopback and N workers.
 * A worker that dies is replaced within `maxRestarts`; the coordinator's death, or the last worker's, ends the run (`failed`).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { describeExit, ManagedProcess } from './managed-process.ts';
import type { ClusterPrograms } from './programs.ts';
import { decideAfterExit } from './restart-policy.ts';
import { within } from './within.ts';

const START_DEADLINE_MS = 20_000;

/** Options of {@link startLocalCluster}. */
export interface LocalClusterOptions {
  readonly programs: ClusterPrograms;
  /** Folder that holds the run folders. */
  readonly runsFolder: string;
  /** Port of the coordinator on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Processes that may be started again over the run, all workers together. */
  readonly maxRestarts: number;
  /** Told about every worker that is started again or lost for good. */
  readonly onNotice: (text: string) => void;
  /** Ends the wait for the coordinator and kills it; the start then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Starts the coordinator and waits until it listens. @throws {CliError} COORDINATOR_START, exit code 3 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const args = ['--runs', options.runsFolder, '--host', '127.0.0.1', '--port', String(options.port), '--once', '--exit-with-parent'];
  const coordinator = new ManagedProcess({ name: 'coordinator', program: options.programs.coordinator, args });
  const onAbort = (): void => coordinator.kill('SIGKILL');
  options.signal.addEventListener('abort', onAbort);
  const line = await within(START_DEADLINE_MS, coordinator.firstLine());
  options.signal.removeEventListener('abort', onAbort);
  const address = line === undefined ? undefined : addressOf(line);
  if (address !== undefined && !options.signal.aborted) return new LocalCluster(coordinator, address, options);
  const error = await startError(coordinator, line);
  throw options.signal.aborted ? options.signal.reason : error;
}

async function startError(coordinator: ManagedProcess, line: string | undefined): Promise<CliError> {
  const waited = coordinator.isRunning;
  coordinator.kill('SIGKILL');
  const exit = await coordinator.exited;
  const { lastComplaint } = coordinator.log;
  const got = line ?? (waited ? `none within ${START_DEADLINE_MS / 1000} s` : describeExit(exit));
  const message = `coordinator: expected a line that says where it listens, got ${got}${lastComplaint === '' ? '' : `: ${lastComplaint}`}`;
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

/** The processes of one run. */
export class LocalCluster {
  /** `127.0.0.1:PORT` of the coordinator. */
  readonly address: string;
  /** Rejects with a CliError when the run cannot go on; never resolves. */
  readonly failed: Promise<never>;
  readonly #coordinator: ManagedProcess;
  readonly #options: LocalClusterOptions;
  readonly #workers = new Map<string, ManagedProcess>();
  #fail: (error: CliError) => void = () => undefined;
  #logs: string | undefined;
  #restarts = 0;
  #isStopping = false;

  /** Takes over a coordinator that listens; use {@link startLocalCluster}. */
  constructor(coordinator: ManagedProcess, address: string, options: LocalClusterOptions) {
    this.#coordinator = coordinator;
    this.address = address;
    this.#options = options;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined); // a run may end before anyone waits for this
    void coordinator.exited.then((exit) => {
      if (this.#isStopping || exit.code === 0) return;
      const what = `coordinator: expected it to run until the run is over, got ${describeExit(exit)}`;
      this.#fail(this.#errorOf(coordinator, { code: 'COORDINATOR_LOST', what, exitCode: EXIT.unreachable }));
    });
  }

  /** Whether the end of a process is expected. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Starts the workers `worker-1` to `worker-<count>`. */
  startWorkers(count: number): void {
    for (let i = 1; i <= count; i++) this.#startWorker(`worker-${i}`);
  }

  /** Tells the cluster the folder of its run: each process logs to `logs/NAME.log` in it. */
  logTo(runFolder: string): void {
    this.#logs = join(runFolder, 'logs');
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
    return [this.#coordinator, ...this.#workers.values()];
  }

  #signal(signal: NodeJS.Signals): void {
    for (const child of this.#children()) child.kill(signal);
  }

  #startWorker(name: string): void {
    const previous = this.#workers.get(name);
    const args = ['--coordinator', this.address, '--name', name, '--exit-with-parent'];
    const log = previous === undefined ? {} : { log: previous.log };
    const worker = new ManagedProcess({ name, program: this.#options.programs.worker, args, ...log });
    worker.discardOutput();
    if (this.#logs !== undefined) worker.log.attach(join(this.#logs, `${name}.log`));
    this.#workers.set(name, worker);
    void worker.exited.then(() => this.#onWorkerExit(worker));
  }

  async #onWorkerExit(worker: ManagedProcess): Promise<void> {
    const exit = await worker.exited;
    const { maxRestarts, onNotice } = this.#options;
    const decision = decideAfterExit({ exit, isStopping: this.#isStopping, restarts: this.#restarts, maxRestarts });
    if (decision === 'done') return;
    if (decision === 'restart') {
      this.#restarts++;
      onNotice(`${worker.name} ended (${describeExit(exit)}); started again (${this.#restarts} of ${maxRestarts})`);
      this.#startWorker(worker.name);
      return;
    }
    const { lastComplaint } = worker.log;
    onNotice(`${worker.name} is lost (${describeExit(exit)})${lastComplaint === '' ? '' : `: ${lastComplaint}`}`);
    if ([...this.#workers.values()].some(({ isRunning }) => isRunning)) return;
    const what = `workers: expected at least one, got none: ${worker.name} ended with ${describeExit(exit)}`;
    this.#fail(this.#errorOf(worker, { code: 'WORKERS_LOST', what, exitCode: EXIT.failed }));
  }

  #errorOf({ log, name }: ManagedProcess, { code, what, exitCode }: { code: string; what: string; exitCode: ExitCode }): CliError {
    const message = log.lastComplaint === '' ? what : `${what}: ${log.lastComplaint}`;
    const hint = this.#logs === undefined ? 'geo doctor checks ports, disk and executors' : `see ${join(this.#logs, `${name}.log`)}`;
    return new CliError({ code, message, hint, exitCode });
  }
}
