/**
 * A TCP proxy in user space that breaks connections on purpose: it needs no rights and no kernel modules, and all that it draws comes from a
 * seed. It knows nothing of what it carries. Put one before each worker to break exactly that one.
 */
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';
import { seedOf, seeded } from '../seeded-draw.ts';
import { Pump } from './pump.ts';
import { checkFaults, realClock } from './proxy-faults.ts';
import type { ConnectionFaults, Direction, ProxyClock, ProxyFaults } from './proxy-faults.ts';

/** Options of {@link ChaosProxy.listen}. */
export interface ChaosProxyOptions {
  /** Where connections go. */
  readonly target: { readonly host: string; readonly port: number };
  readonly seed: number;
  /** What is broken from the start; default nothing. */
  readonly faults?: ProxyFaults;
  /** Default: the time of this process. */
  readonly clock?: ProxyClock;
}

/** What has gone through a connection. */
export interface ConnectionReport {
  /** From 0, in the order in which they came. */
  readonly connection: number;
  readonly up: { readonly bytes: number; readonly flipped: number };
  readonly down: { readonly bytes: number; readonly flipped: number };
}

interface Connection {
  readonly number: number;
  readonly sockets: readonly Socket[];
  readonly pumps: Readonly<Record<Direction, Pump>>;
}

/**
 * A proxy on a free port of 127.0.0.1.
 *
 * *Limitations*: the kernel acknowledges what the proxy has not read, so a partition is silence, not loss: after it heals, what was sent
 * during it arrives. `refuse` resets a connection that the kernel has accepted already. Node sends a FIN just before an RST, so a peer may
 * hear the end of the stream before the reset.
 */
export class ChaosProxy {
  readonly #server: Server;
  readonly #options: ChaosProxyOptions;
  readonly #clock: ProxyClock;
  readonly #connections = new Set<Connection>();
  #faults: ProxyFaults;
  #isPartitioned = false;
  #count = 0;

  private constructor(server: Server, options: ChaosProxyOptions) {
    this.#server = server;
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#faults = options.faults ?? {};
    server.on('connection', (client) => this.#accept(client));
  }

  /** Starts one. @throws {ChaosError} for faults that cannot be */
  static async listen(options: ChaosProxyOptions): Promise<ChaosProxy> {
    if (typeof options.faults === 'object') checkFaults(options.faults);
    const server = createServer({ allowHalfOpen: true });
    const proxy = new ChaosProxy(server, options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The port of 127.0.0.1 that it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `host:port` for clients. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The connections that are open. */
  get connections(): readonly ConnectionReport[] {
    return [...this.#connections].map(({ number, pumps }) => ({ connection: number, up: pumps.up.counts, down: pumps.down.counts }));
  }

  /** Other faults from now on, for open and new connections; what was set before no longer holds. @throws {ChaosError} */
  set(faults: ProxyFaults): void {
    if (typeof faults === 'object') checkFaults(faults);
    this.#faults = faults;
    for (const { number, pumps } of this.#connections) {
      const { up = {}, down = {} } = this.#faultsOf(number);
      pumps.up.set(up);
      pumps.down.set(down);
    }
  }

  /** Both ways go silent, sockets stay; new connections are made and silent, too. */
  partition(): void {
    this.#hold(true);
  }

  /** Ends a partition: what was held goes on its way. */
  heal(): void {
    this.#hold(false);
  }

  /** Resets (RST) every open connection, towards the client and towards the target. */
  cut(): void {
    for (const connection of this.#connections) this.#reset(connection);
  }

  /** Resets what is open and frees the port. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #hold(held: boolean): void {
    this.#isPartitioned = held;
    for (const { pumps } of this.#connections) for (const pump of Object.values(pumps)) pump.hold(held);
  }

  #faultsOf(connection: number): ConnectionFaults {
    const faults = typeof this.#faults === 'function' ? this.#faults(connection) : this.#faults;
    if (typeof this.#faults === 'function') checkFaults(faults);
    return faults;
  }

  #accept(client: Socket): void {
    const number = this.#count;
    this.#count += 1;
    const { refuse, up = {}, down = {} } = this.#faultsOf(number);
    client.on('error', () => undefined);
    if (refuse === true) {
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ ...this.#options.target, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    target.on('error', () => undefined);
    const reset = (): void => this.#reset(connection);
    const clock = this.#clock;
    const draw = (direction: Direction): (() => number) => seeded(seedOf(this.#options.seed, number, direction === 'up' ? 0 : 1));
    const connection: Connection = {
      number,
      sockets: [client, target],
      pumps: {
        up: new Pump({ from: client, to: target, draw: draw('up'), clock, faults: up, reset }),
        down: new Pump({ from: target, to: client, draw: draw('down'), clock, faults: down, reset }),
      },
    };
    this.#connections.add(connection);
    if (this.#isPartitioned) for (const pump of Object.values(connection.pumps)) pump.hold(true);
    // A side that is reset resets the other; one that has ended both ways is closed already.
    for (const socket of connection.sockets) socket.on('close', (hadError) => (hadError ? reset() : this.#forget(connection)));
  }

  #reset(connection: Connection): void {
    for (const pump of Object.values(connection.pumps)) pump.destroy();
    for (const socket of connection.sockets) if (!socket.destroyed) socket.resetAndDestroy();
    this.#connections.delete(connection);
  }

  /** Both sides have closed in order. */
  #forget(connection: Connection): void {
    if (connection.sockets.every((socket) => socket.destroyed)) this.#connections.delete(connection);
  }
}
