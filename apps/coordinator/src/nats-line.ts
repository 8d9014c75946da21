/**
 * The one connection of a coordinator to NATS, before and after it is there. A coordinator starts, and goes on, while NATS is away; only what
 * a person has to mend (a wrong password, another program's streams) ends it, and only at its start.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectNats, ensureStreams, EventsError } from '@geodesic/events';
import type { NatsClient, NatsOptions } from '@geodesic/events';
import type { Logger } from '@geodesic/telemetry';

/** Options of {@link NatsLine.open}. */
export interface NatsLineOptions {
  readonly options: NatsOptions;
  /** Whether the log is copied: its stream is made too. */
  readonly ha: boolean;
  readonly logger: Logger;
}

/** Pause after which what a person has to mend is tried again, ms. */
const MENDED_BY_PEOPLE_MS = 10_000;
/** Pause where NATS is there and does not answer, ms. */
const NO_ANSWER_MS = 500;

/** A connection that may still be to come. */
export class NatsLine {
  readonly #options: NatsLineOptions;
  readonly #closed = new AbortController();
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #present: NatsClient | undefined;
  /** Resolves once NATS has been reached and has the streams. @throws {EventsError} UNREACHABLE when the line is closed before */
  readonly client: Promise<NatsClient>;
  #resolve: (client: NatsClient) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #mending: Promise<void> | undefined;

  private constructor(options: NatsLineOptions) {
    this.#options = options;
    this.client = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.client.catch(() => undefined); // whoever waits is told
  }

  /** Connects, or begins to try. @throws {EventsError} OPTIONS, CREDENTIALS, PERMISSION, NO_JETSTREAM, STREAM */
  static async open(options: NatsLineOptions): Promise<NatsLine> {
    const line = new NatsLine(options);
    try {
      await line.#connect();
    } catch (error) {
      if (!isPassing(error)) {
        await line.close();
        throw error;
      }
      const { servers } = options.options;
      options.logger.warn('NATS is not there; the coordinator starts without it', { servers, error });
      void line.#connectLater();
    }
    return line;
  }

  /** Whether a server is there now. */
  get isConnected(): boolean {
    return this.#present?.isConnected ?? false;
  }

  /** Connections made anew. */
  get reconnects(): number {
    return this.#present?.reconnects ?? 0;
  }

  /** Resolves with the client when a server is there. @throws the signal's reason; {EventsError} when the line is closed */
  async connected(signal: AbortSignal): Promise<NatsClient> {
    const client = await unlessAborted(this.client, signal);
    await client.connected(signal);
    return client;
  }

  /** Told when a server is there, and when it has gone. @returns what ends that */
  onChange(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes the streams that are not there, such as those of a server that has lost its disk; never rejects. */
  mend(): Promise<void> {
    this.#mending ??= this.#ensureStreams().finally(() => (this.#mending = undefined));
    return this.#mending;
  }

  /** Sends what is waiting and ends. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const what = 'NATS';
    this.#closed.abort(new EventsError('UNREACHABLE', { what, expected: 'a connection', got: 'its end', hint: 'the coordinator ends' }));
    this.#reject(this.#closed.signal.reason as Error);
    await this.#present?.close();
  }

  async #connect(patient = false): Promise<void> {
    const { options, ha } = this.#options;
    const { signal } = this.#closed;
    const client = await connectNats(options, { name: 'coordinator', patient, signal, onChange: (is) => void this.#changed(is) });
    try {
      await ensureStreams(client, { ha });
      signal.throwIfAborted();
    } catch (error) {
      await client.close();
      throw error;
    }
    this.#present = client;
    this.#resolve(client);
  }

  async #connectLater(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await this.#connect(true);
        logger.info('NATS is there');
        this.#tell(true);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const passes = isPassing(error);
        if (!passes) logger.error('NATS does not take this coordinator', { error });
        await delay(passes ? NO_ANSWER_MS : MENDED_BY_PEOPLE_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #changed(isConnected: boolean): Promise<void> {
    const { logger } = this.#options;
    if (this.#present === undefined || this.#closed.signal.aborted) return;
    logger.info(isConnected ? 'NATS is back' : 'NATS is lost; nothing waits for it', { reconnects: this.reconnects });
    if (isConnected) await this.mend();
    if (isConnected === this.isConnected) this.#tell(isConnected); // else it has changed again, and that is told
  }

  #tell(isConnected: boolean): void {
    for (const listener of this.#listeners) listener(isConnected);
  }

  async #ensureStreams(): Promise<void> {
    const { ha, logger } = this.#options;
    if (this.#present === undefined) return;
    await ensureStreams(this.#present, { ha }).catch((error: unknown) => {
      if (!isPassing(error)) logger.error('the streams of NATS cannot be used', { error });
    });
  }
}

/** Whether an error of NATS passes by itself. */
export function isPassing(error: unknown): boolean {
  return error instanceof EventsError && error.code === 'UNREACHABLE';
}

/** What the promise says, or the signal's reason as soon as it aborts. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
