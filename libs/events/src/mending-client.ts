/** The client of {@link connectNats}: it watches its connection and tells of breaks. */
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection, Status } from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import type { NatsOptions } from './nats-options.ts';

/** Sending what is left may take so long, ms. */
const DRAIN_MS = 2_000;

/** Limitations: calls that were sent before a break are answered by nobody; use {@link natsOperation}, which ends them with the break. */
export class MendingClient implements NatsClient {
  readonly options: NatsOptions;
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #isConnected = true;
  #reconnects = 0;
  #slowConsumers = 0;

  constructor(parts: Pick<NatsClient, 'options' | 'connection' | 'jetstream' | 'manager'>) {
    this.options = parts.options;
    this.connection = parts.connection;
    this.jetstream = parts.jetstream;
    this.manager = parts.manager;
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.connection.isClosed();
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  get slowConsumers(): number {
    return this.#slowConsumers;
  }

  async connected(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.connection.isClosed()) throw closedError();
    if (this.isConnected) return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        stop();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => end(() => reject(signal?.reason));
      const stop = this.onConnection((isConnected) => {
        if (isConnected) end(resolve);
        else if (this.connection.isClosed()) end(() => reject(closedError()));
      });
      signal?.addEventListener('abort', onAbort);
    });
  }

  onConnection(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    if (this.isConnected) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, DRAIN_MS)));
      await Promise.race([this.connection.drain().catch(() => undefined), late]);
      clearTimeout(timer);
    }
    await this.connection.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) this.#take(status);
    this.#tell(false);
  }

  #take(status: Status): void {
    if (status.type === 'disconnect') this.#tell(false);
    if (status.type === 'reconnect') {
      this.#reconnects += 1;
      this.#tell(true);
    }
    if (status.type === 'slowConsumer' || (status.type === 'error' && /slow consumer/i.test(status.error.message)))
      this.#slowConsumers += 1;
  }

  #tell(isConnected: boolean): void {
    const isClosed = this.connection.isClosed();
    if (isConnected === this.#isConnected && !isClosed) return;
    this.#isConnected = isConnected;
    for (const listener of this.#listeners) listener(isConnected);
  }
}

function closedError(): EventsError {
  return new EventsError('UNREACHABLE', {
    what: 'connection to NATS',
    expected: 'it to be open',
    got: 'one that this process closed',
    hint: 'this process is ending',
  });
}
