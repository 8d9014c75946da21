/** Several nats-servers on loopback that keep streams together, for tests of a leader's death. */
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { NatsServer } from './nats-server.ts';

interface JetStreamState {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly { readonly name: string; readonly cluster?: { readonly leader?: string } }[];
  }[];
}

const READY_MS = 30_000;

/** A cluster of servers `n1`, `n2`, ... */
export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /** Starts servers and resolves when they have a leader for streams. */
  static async start(size: number, options: { readonly config?: string } = {}): Promise<NatsCluster> {
    const routes = await freePorts(size);
    const started = await Promise.allSettled(
      routes.map((port, index) => {
        const peers = routes.filter((other) => other !== port).map((other) => `nats://127.0.0.1:${other}`);
        const cluster = `cluster { name: tests, listen: "127.0.0.1:${port}", routes: [${peers.join(', ')}] }`;
        return NatsServer.start({ name: `n${index + 1}`, config: `${cluster}\n${options.config ?? ''}` });
      }),
    );
    const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const cluster = new NatsCluster(servers);
    const failed = started.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      await cluster.stop();
      throw failed.reason;
    }
    await cluster.#poll('a leader for streams', async () => (await cluster.#states()).find((state) => state.meta_cluster?.leader));
    return cluster;
  }

  /** Addresses of all servers. */
  get urls(): readonly string[] {
    return this.servers.map((server) => server.url);
  }

  /** The server that leads a stream; waits until there is one. @throws {Error} when there is none after 30 s */
  leaderOf(stream: string): Promise<NatsServer> {
    return this.#poll(`a leader of ${stream}`, async () => {
      // A server that was just killed is still named by the others until they have chosen anew.
      for (const state of await this.#states())
        for (const account of state.account_details ?? [])
          for (const detail of account.stream_detail ?? []) {
            const leader = this.servers.find((_, index) => detail.cluster?.leader === `n${index + 1}`);
            if (detail.name === stream && leader?.isRunning) return leader;
          }
      return undefined;
    });
  }

  /** Ends all servers and removes their folders. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async #states(): Promise<readonly JetStreamState[]> {
    const running = this.servers.filter((server) => server.isRunning);
    const answers = await Promise.allSettled(
      running.map(async (server) => {
        const response = await fetch(`${server.monitor}/jsz?accounts=true&streams=true`, { signal: AbortSignal.timeout(2_000) });
        return (await response.json()) as JetStreamState;
      }),
    );
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  async #poll<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const end = performance.now() + READY_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > end)
        throw new Error(`nats cluster: expected ${what}, got none in ${READY_MS} ms\n${this.servers.map((one) => one.log()).join('\n')}`);
      await delay(50);
    }
  }
}

/** Ports that were free a moment ago: routed servers must know each other's before they start. */
async function freePorts(count: number): Promise<readonly number[]> {
  const sockets = Array.from({ length: count }, () => createServer());
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve))));
  const ports = sockets.map((socket) => (socket.address() as AddressInfo).port);
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.close(resolve))));
  return ports;
}
