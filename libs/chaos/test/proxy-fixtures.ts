/** Real sockets on the loopback for tests of the proxy, and a clock that only moves when it is told to. */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { ChaosProxy } from '../src/index.ts';
import type { ChaosProxyOptions, ProxyClock } from '../src/index.ts';

/** A clock whose timers run when a test moves it. */
export class ManualClock implements ProxyClock {
  #now = 0;
  readonly #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** When the next timer runs; undefined when none is set. */
  get next(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ at }) => at));
  }

  /** Moves on to the next timer and runs it. */
  advance(): void {
    const at = this.next;
    if (at === undefined) throw new Error('no timer is set');
    this.#now = at;
    for (const timer of this.#timers.filter((one) => one.at <= at)) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.callback();
    }
  }
}

/** One end of a connection and what it has heard. */
export interface End {
  readonly socket: Socket;
  /** Text received so far. */
  readonly heard: () => string;
  /** How it ended: `end`, an error code, or undefined while it is open. */
  readonly ending: () => string | undefined;
}

function endOf(socket: Socket): End {
  let heard = '';
  let ending: string | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => (heard += text));
  socket.on('end', () => (ending ??= 'end'));
  socket.on('error', (error: NodeJS.ErrnoException) => (ending = error.code));
  return { socket, heard: () => heard, ending: () => ending };
}

/** A server, a proxy before it, and clients through it. */
export interface Stand {
  readonly proxy: ChaosProxy;
  /** Connects, and gives both ends. */
  readonly connect: () => Promise<{ client: End; server: End }>;
  /** Connects without a server's end, as one does that is refused. */
  readonly connectAlone: () => End;
  readonly close: () => Promise<void>;
}

/** Starts all of it on free ports. */
export async function stand(options: Omit<ChaosProxyOptions, 'target' | 'seed'> & { seed?: number } = {}): Promise<Stand> {
  const server = createServer({ allowHalfOpen: true });
  const accepted: End[] = [];
  server.on('connection', (socket) => accepted.push(endOf(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await ChaosProxy.listen({ seed: 1, ...options, target: { host: '127.0.0.1', port } });
  const clients: End[] = [];
  const connectAlone = (): End => {
    const client = endOf(createConnection({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true }));
    clients.push(client);
    return client;
  };
  return {
    proxy,
    connectAlone,
    connect: async () => {
      const [client] = await Promise.all([Promise.resolve(connectAlone()), once(server, 'connection')]);
      return { client, server: accepted.at(-1)! };
    },
    close: async () => {
      for (const { socket } of [...clients, ...accepted]) socket.destroy();
      await proxy.close();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
