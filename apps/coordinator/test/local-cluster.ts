/** Real coordinator and worker processes with the fixture arithmetic, for cluster tests. Everything started here is ended here. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectRuns } from '@geodesic/wire';
import type { Fork, RunEvent, RunsClient } from '@geodesic/wire';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The bundle of the fixture trainer. */
export interface FixtureSpec {
  readonly name?: string;
  readonly steps?: number;
  readonly slots?: number;
  readonly parameters?: number;
  readonly work?: number;
  readonly checkpointEvery?: number;
  readonly keep?: { readonly last?: number; readonly every?: number; readonly best?: number };
  /** Default true. */
  readonly journal?: boolean;
  readonly exactness?: 'exact' | 'relaxed';
  readonly quorum?: number;
  readonly leaseMs?: number;
  /** Step whose computation fails. */
  readonly failAt?: number;
  /** Step whose computation fails in its first attempt. */
  readonly failOnce?: number;
  /** Steps of several rounds, with broadcast directions and combined updates. */
  readonly quadratic?: boolean;
}

/** How a process ended, and what it wrote to stderr. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** One child process. */
export class TestProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const fixtures = {
      GEODESIC_TRAINER_MODULE: here('./fixtures/trainer.mjs'),
      GEODESIC_SLOT_PROGRAM_MODULE: here('./fixtures/slot-program.mjs'),
    };
    this.child = spawn(process.execPath, ['--enable-source-maps', program, ...args], { env: { ...process.env, ...fixtures, ...env } });
    let stderr = '';
    this.child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  }
}

/** A coordinator, its workers and a client of its Runs service. */
export class LocalCluster {
  readonly runs: string;
  readonly address: string;
  coordinator: TestProcess;
  client: RunsClient;
  readonly #earlier: TestProcess[] = [];
  readonly #workers: TestProcess[] = [];

  private constructor(runs: string, address: string, coordinator: TestProcess) {
    this.runs = runs;
    this.address = address;
    this.coordinator = coordinator;
    this.client = connectRuns(address);
  }

  /** Starts a coordinator in a fresh folder and waits until it listens. */
  static async start(args: readonly string[] = ['--once'], env: NodeJS.ProcessEnv = {}): Promise<LocalCluster> {
    const runs = await mkdtemp(join(tmpdir(), 'geodesic-cluster-'));
    const coordinator = startCoordinatorProcess(['--runs', runs, ...args], env);
    const { address } = await listening(coordinator);
    return new LocalCluster(runs, address, coordinator);
  }

  /** Starts another coordinator at the same address, which takes the run up again; the one before has ended. Resolves when it listens. */
  async resume(run: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#earlier.push(this.coordinator);
    await this.coordinator.ended;
    this.client.close();
    const port = this.address.split(':')[1];
    this.coordinator = startCoordinatorProcess(['--runs', this.runs, '--port', port, '--once', '--resume', run, ...args], env);
    await listening(this.coordinator);
    this.client = connectRuns(this.address);
  }

  /** Starts a worker process. */
  addWorker(name: string, env: NodeJS.ProcessEnv = {}): TestProcess {
    const worker = new TestProcess(here('../../worker/dist/main.js'), ['--coordinator', this.address, '--name', name], env);
    this.#workers.push(worker);
    return worker;
  }

  /** Submits a run; the events come as they happen. */
  async submit({
    fork,
    ...spec
  }: FixtureSpec & { readonly fork?: Fork }): Promise<{ runId: string; directory: string; events: AsyncGenerator<RunEvent> }> {
    const defaults = { name: 'fixture', steps: 30, slots: 8, parameters: 500, work: 0 };
    const bundle = new TextEncoder().encode(JSON.stringify({ ...defaults, ...spec }));
    const accepted = await this.client.submit({ bundle, ...(fork && { fork }) });
    return { ...accepted, events: this.client.watch(accepted.runId) };
  }

  /** Kills what is left and removes the folder. */
  async dispose(): Promise<void> {
    this.client.close();
    const all = [this.coordinator, ...this.#earlier, ...this.#workers];
    for (const { child } of all) child.kill('SIGKILL');
    await Promise.all(all.map(({ ended }) => ended));
    await rm(this.runs, { recursive: true, force: true });
  }
}

/** Starts the compiled coordinator with exactly these arguments. */
export function startCoordinatorProcess(args: readonly string[], env: NodeJS.ProcessEnv = {}): TestProcess {
  return new TestProcess(here('../dist/main.js'), args, env);
}

/** The line that a coordinator prints when it listens. */
export async function listening(process: TestProcess): Promise<{ event: string; address: string; pid: number }> {
  const lines = createInterface({ input: process.child.stdout! });
  const ended = process.ended.then(({ code, signal, stderr }) => Promise.reject(new Error(`ended with ${code ?? signal}: ${stderr}`)));
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined); // it may end later, of course
  return JSON.parse(line) as { event: string; address: string; pid: number };
}

/** Reads events up to the end of the run, or to the first for which `until` holds. */
export async function collect(events: AsyncGenerator<RunEvent>, until: (event: RunEvent) => boolean = () => false): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    seen.push(next.value);
    if (until(next.value)) break;
  }
  return seen;
}

/** Reads events until this worker has joined. */
export async function untilJoined(events: AsyncGenerator<RunEvent>, worker: string): Promise<void> {
  await collect(events, ({ type, data }) => type === 'worker.joined' && data['worker'] === worker);
}
