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
  /** Resolves as soon as a server is there. @throws the signal's reason */
  connected(signal?: AbortSignal): Promise<void>;
  /** Sends what is waiting and closes. */
  close(): Promise<void>;
}
