/** One connection of this process to NATS, shared by all that it does there. */
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { NatsOptions } from './nats-options.ts';

/** A connection that mends itself for as long as it is open. */
export interface NatsClient {
  readonly options: NatsOptions;
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Whether a server is there at the moment. */
  readonly isConnected: boolean;
  /** How often it was connected anew. */
  readonly reconnects: number;
  /** How often the server gave this connection up since it read too slowly. */
  readonly slowConsumers: number;
  /** Resolves as soon as a server is there. @throws the signal's reason; {@link EventsError} UNREACHABLE when the client is closed */
  connected(signal?: AbortSignal): Promise<void>;
  /** Calls the listener whenever the connection breaks (false) and is made anew (true); returns what ends that. */
  onConnection(listener: (isConnected: boolean) => void): () => void;
  /** Sends what is waiting and closes. */
  close(): Promise<void>;
}
