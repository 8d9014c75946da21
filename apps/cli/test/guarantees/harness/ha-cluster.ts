/**
 * Several coordinators with their own folders on one nats-server, and workers that know them all, each a process of its own, for one run of a
 * guarantee test. The coordinators are called `a`, `b`, ...; `a` leads first. Everything that is started here is ended here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '@geodesic/testing';
import type { LogView } from '@geodesic/cluster';
import { connectRuns, WireError } from '@geodesic/wire';
import type { RunsClient } from '@geodesic/wire';
import { vi } from 'vitest';
import { Child } from './child.ts';
import type { Environment } from './child.ts';
import { EventFeed } from './event-feed.ts';
import { readLogView } from './run-record.ts';
import { programOf } from './test-cluster.ts';

/** Options of {@link HaCluster.start}. */
export interface HaClusterOptions {
  readonly coordinators: readonly string[];
  /** `worker-1` to `worker-N`. */
  readonly workers: number;
  /** Of the leadership, ms. */
  readonly leaseMs: number;
  /** Variables of every process. */
  readonly env?: Environment;
}

interface Coordinator {
  readonly child: Child;
  readonly address: string;
}

/** The processes of one run. */
export class HaCluster {
  readonly nats: NatsServer;
  /** The folder of all runs folders. */
  readonly folder: string;
  readonly #options: HaClusterOptions;
  readonly #all: Child[] = [];
  readonly #coordinators = new Map<string, Coordinator>();
  readonly #workers: Child[] = [];
  readonly #clients: RunsClient[] = [];
  readonly #feeds: EventFeed[] = [];
  #runId: string | undefined;

  private constructor(nats: NatsServer, folder: string, options: HaClusterOptions) {
    this.nats = nats;
    this.folder = folder;
    this.#options = options;
  }

  /** Starts nats-server, the coordinators, the first of which leads, and the workers. */
  static async start(options: HaClusterOptions): Promise<HaCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'geodesic-ha-'));
    const cluster = new HaCluster(await NatsServer.start(), folder, options);
    try {
      const [first, ...others] = options.coordinators;
      await cluster.startCoordinator(first);
      await cluster.leads(first);
      for (const name of others) await cluster.startCoordinator(name);
      for (let i = 1; i <= options.workers; i++) cluster.#addWorker(`worker-${i}`);
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  get runId(): string {
    if (this.#runId === undefined) throw new Error('HaCluster: expected a run, got none submitted');
    return this.#runId;
  }

  get workers(): readonly Child[] {
    return this.#workers;
  }

  /** The newest process of this name. */
  coordinator(name: string): Child {
    return this.#of(name).child;
  }

  /** The run's folder at a coordinator. */
  directory(name: string): string {
    return join(this.folder, name, this.runId);
  }

  /** What the log in a coordinator's folder says now. */
  log(name: string): Promise<LogView> {
    return readLogView(this.directory(name));
  }

  /** A client of one coordinator. */
  client(name: string): RunsClient {
    const client = connectRuns(this.#of(name).address);
    this.#clients.push(client);
    return client;
  }

  /** Starts a coordinator; under a name that has had a process on its port and in its folder, once that has ended. */
  async startCoordinator(name: string): Promise<void> {
    const before = this.#coordinators.get(name);
    await before?.child.ended;
    const port = before?.address.slice(before.address.lastIndexOf(':') + 1) ?? '0';
    const child = this.#startCoordinator(name, { folder: name, port });
    this.#coordinators.set(name, { child, address: await child.listening() });
  }

  /** Starts a coordinator with the runs folder of another one. */
  startInFolderOf(name: string): Child {
    return this.#startCoordinator(`beside ${name}`, { folder: name, port: '0' });
  }

  /** Resolves when a coordinator says that it leads. */
  async leads(name: string): Promise<void> {
    const client = this.client(name);
    await vi.waitUntil(() => isLeader(client), { timeout: 15_000, interval: 20 });
  }

  /** Hands the run in at a coordinator and watches it there. */
  async submit(bundle: Uint8Array, name = this.#options.coordinators[0]): Promise<EventFeed> {
    this.#runId = (await this.client(name).submit({ bundle })).runId;
    return this.watch(name);
  }

  /** The events of the run as one coordinator tells them, from the first one on, as soon as it leads. */
  watch(name: string): EventFeed {
    const feed = new EventFeed({ runId: this.runId, address: async () => this.#of(name).address });
    this.#feeds.push(feed);
    return feed;
  }

  /** Kills what is left and removes the folders. */
  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const child of this.#all) child.kill('SIGKILL');
    await Promise.all(this.#all.map(({ ended }) => ended));
    await Promise.all(this.#feeds.map((feed) => feed.close()));
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #startCoordinator(name: string, { folder, port }: { readonly folder: string; readonly port: string }): Child {
    const ha = ['--nats', this.nats.url, '--ha', 'nats', '--lease-ms', String(this.#options.leaseMs)];
    const args = ['--runs', join(this.folder, folder), '--host', '127.0.0.1', '--port', port, '--once', '--exit-with-parent', ...ha];
    return this.#start(name, 'coordinator', args);
  }

  #addWorker(name: string): void {
    const addresses = [...this.#coordinators.values()].map(({ address }) => address).join(',');
    this.#workers.push(this.#start(name, 'worker', ['--coordinator', addresses, '--name', name, '--exit-with-parent']));
  }

  #of(name: string): Coordinator {
    const coordinator = this.#coordinators.get(name);
    if (coordinator === undefined) throw new Error(`HaCluster: expected one of ${[...this.#coordinators.keys()].join(', ')}, got ${name}`);
    return coordinator;
  }

  #start(name: string, app: 'coordinator' | 'worker', args: readonly string[]): Child {
    const child = new Child({ name, program: programOf(app), args, env: { ...this.#options.env } });
    this.#all.push(child);
    return child;
  }
}

/** Whether it leads, with a run or without one. */
async function isLeader(client: RunsClient): Promise<boolean> {
  try {
    await client.get();
    return true;
  } catch (error) {
    return error instanceof WireError && error.code === 'NOT_FOUND';
  }
}
