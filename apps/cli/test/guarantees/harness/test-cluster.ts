/**
 * A coordinator and workers of their own processes for one run of a guarantee test, each worker through its own chaos proxy where that is
 * asked for. Everything that is started here is ended here, and nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChaosProxy } from '@geodesic/chaos';
import type { LogView } from '@geodesic/cluster';
import { connectRuns } from '@geodesic/wire';
import type { Fork, RunsClient } from '@geodesic/wire';
import { WorkerLines } from '../../../src/chaos/worker-lines.ts';
import { Child } from './child.ts';
import type { Ended, Environment } from './child.ts';
import { EventFeed } from './event-feed.ts';
import type { EventTest, SeenEvent } from './event-feed.ts';
import { readLogView } from './run-record.ts';

/** Options of {@link TestCluster.start}. */
export interface TestClusterOptions {
  /** The folder of runs; stays when the cluster is disposed of. Default a fresh one. */
  readonly runs?: string;
  /** How many are started with it, `worker-1` to `worker-N`; default none. */
  readonly workers?: number;
  /** Whether workers reach the coordinator through proxies; default not. */
  readonly proxy?: boolean;
  /** Seed of the proxies; default 1. */
  readonly seed?: number;
  /** Variables of every process, such as {@link FIXTURE_ENVIRONMENT}. */
  readonly env?: Environment;
  readonly coordinatorEnv?: Environment;
  /** Beside `--runs`, `--host`, `--once` and `--exit-with-parent`. */
  readonly coordinatorArgs?: readonly string[];
  readonly workerArgs?: readonly string[];
}

/** What a process is started with beside the usual. */
export interface StartOptions {
  readonly env?: Environment;
  readonly args?: readonly string[];
}

/** The processes of one run. */
export class TestCluster {
  /** The folder of runs. */
  readonly runs: string;
  readonly #options: TestClusterOptions;
  readonly #lines: WorkerLines | undefined;
  readonly #all: Child[] = [];
  readonly #workers = new Map<string, Child>();
  #address = '';
  #listening: Promise<string>;
  #coordinator: Child;
  #client: RunsClient | undefined;
  #feed: EventFeed | undefined;
  #run: { readonly runId: string; readonly directory: string } | undefined;
  #isDisposed = false;

  private constructor(runs: string, options: TestClusterOptions) {
    this.runs = runs;
    this.#options = options;
    this.#lines = options.proxy === true ? new WorkerLines(options.seed ?? 1) : undefined;
    this.#coordinator = this.#startCoordinator(['--port', '0'], { ...options.coordinatorEnv });
    this.#listening = this.#coordinator.listening();
  }

  /** Starts a coordinator in a fresh folder, waits until it listens, and starts workers. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options.runs ?? (await mkdtemp(join(tmpdir(), 'geodesic-guarantee-'))), options);
    cluster.#address = await cluster.#listening;
    for (let i = 1; i <= (options.workers ?? 0); i++) await cluster.addWorker(`worker-${i}`);
    return cluster;
  }

  /** `127.0.0.1:PORT`, the same for all coordinators of this cluster. */
  get address(): string {
    return this.#address;
  }

  get coordinator(): Child {
    return this.#coordinator;
  }

  /** A client of the present coordinator. */
  get client(): RunsClient {
    return (this.#client ??= connectRuns(this.#address));
  }

  get runId(): string {
    return this.#submitted.runId;
  }

  /** The folder of the run. */
  get directory(): string {
    return this.#submitted.directory;
  }

  /** What happens in the run. */
  get feed(): EventFeed {
    if (this.#feed === undefined) throw new Error('TestCluster: expected a run, got none submitted');
    return this.#feed;
  }

  /** The newest process of this name. */
  worker(name: string): Child {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`TestCluster: expected one of ${[...this.#workers.keys()].join(', ')}, got ${name}`);
    return worker;
  }

  /** The newest processes of all names. */
  get workers(): readonly Child[] {
    return [...this.#workers.values()];
  }

  /** The line of a worker, with `proxy: true`; that of a name which has had a process. */
  line(name: string): ChaosProxy {
    const line = this.#lines?.of(name);
    if (line === undefined) throw new Error(`TestCluster: expected a proxy before ${name}, got none (start with proxy: true)`);
    return line;
  }

  /** Starts a worker process, at once also where no run is there yet. */
  async addWorker(name: string, { env, args = [] }: StartOptions = {}): Promise<Child> {
    const address = (await this.#lines?.addressFor(name, this.#address)) ?? this.#address;
    const all = ['--coordinator', address, '--name', name, '--exit-with-parent', ...(this.#options.workerArgs ?? []), ...args];
    const worker = this.#start({ name, program: programOf('worker'), args: all, env: { ...env } });
    this.#workers.set(name, worker);
    return worker;
  }

  /** Hands the run in and begins to watch it. */
  async submit(bundle: Uint8Array, fork?: Fork): Promise<{ readonly runId: string; readonly directory: string }> {
    this.#run = await this.client.submit({ bundle, ...(fork && { fork }) });
    this.#feed = new EventFeed({ runId: this.#run.runId, address: () => this.#listening });
    return this.#run;
  }

  /** The first event, from index `from` on, that passes; survives restarts of the coordinator. */
  until(passes: EventTest, from?: number): Promise<SeenEvent> {
    return this.feed.until(passes, from);
  }

  /** The commit of a step, or of a later one where it is waited for too late. */
  untilStep(step: number): Promise<SeenEvent> {
    return this.until(({ type, data }) => type === 'step.committed' && Number(data['step']) >= step);
  }

  /** Sends a signal to `coordinator` or the newest process of a worker's name. */
  kill(name: string, signal: NodeJS.Signals): void {
    (name === 'coordinator' ? this.#coordinator : this.worker(name)).kill(signal);
  }

  /** Starts another coordinator with --resume on the same port, once the one before has ended; resolves when it listens. */
  async restartCoordinator({ env, args = [] }: StartOptions = {}): Promise<void> {
    await this.#coordinator.ended;
    this.#client?.close();
    this.#client = undefined;
    const port = this.#address.slice(this.#address.lastIndexOf(':') + 1);
    this.#coordinator = this.#startCoordinator(['--port', port, '--resume', this.runId, ...args], { ...env });
    this.#listening = this.#coordinator.listening();
    await this.#listening;
  }

  /** Starts a coordinator beside the present one, on a port of its own. */
  startAnother({ env, args = [] }: StartOptions = {}): Child {
    return this.#startCoordinator(['--port', '0', ...args], { ...env });
  }

  /** What the log says now. */
  log(): Promise<LogView> {
    return readLogView(this.directory);
  }

  /** Waits until the run is finished and the coordinator gone; @returns how the coordinator and the workers of these names ended */
  async finished(workers: readonly string[] = []): Promise<readonly Ended[]> {
    await this.until(({ type }) => type === 'run.finished');
    return Promise.all([this.#coordinator, ...workers.map((name) => this.worker(name))].map(({ ended }) => ended));
  }

  /** Kills what is left and removes the folder. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#client?.close();
    for (const child of this.#all) child.kill('SIGKILL');
    await Promise.all(this.#all.map(({ ended }) => ended));
    const closing = this.#feed?.close();
    await Promise.all([closing, this.#lines?.close()]);
    if (this.#options.runs === undefined) await rm(this.runs, { recursive: true, force: true });
  }

  get #submitted(): { readonly runId: string; readonly directory: string } {
    if (this.#run === undefined) throw new Error('TestCluster: expected a run, got none submitted');
    return this.#run;
  }

  #startCoordinator(args: readonly string[], env: Environment): Child {
    const usual = ['--runs', this.runs, '--host', '127.0.0.1', '--once', '--exit-with-parent', ...(this.#options.coordinatorArgs ?? [])];
    return this.#start({ name: 'coordinator', program: programOf('coordinator'), args: [...usual, ...args], env });
  }

  #start({ env, ...options }: { name: string; program: string; args: readonly string[]; env: Environment }): Child {
    const child = new Child({ ...options, env: { ...this.#options.env, ...env } });
    this.#all.push(child);
    return child;
  }
}

/** The compiled program: tests of real processes run what users run. */
export function programOf(app: 'coordinator' | 'worker'): string {
  return fileURLToPath(new URL(`../../../../${app}/dist/main.js`, import.meta.url));
}
