/** Connects to NATS: a connection that is made anew for ever once it was made, and a first one that fails with a reason or is waited for. */
import { randomInt } from 'node:crypto';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type ConnectionOptions } from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import { MendingClient } from './mending-client.ts';
import { natsAuthenticator } from './nats-authenticator.ts';
import type { NatsClient } from './nats-client.ts';
import { isNoResponders, toEventsError } from './nats-errors.ts';
import type { NatsOptions } from './nats-options.ts';
import { isTlsError, natsTls, wantsCertificate } from './nats-tls.ts';
import { pause } from './pause.ts';

/** How to behave while connecting, and after. */
export interface ConnectOptions {
  /** Names the connection in the server's monitoring, such as `coordinator`. */
  readonly name: string;
  /** Called when the connection breaks (false) and when it is made anew (true). */
  readonly onChange?: (isConnected: boolean) => void;
  /** Waits for a first connection instead of failing when no server answers; wrong options and credentials still fail. */
  readonly patient?: boolean;
  /** Ends the waiting for a first connection. */
  readonly signal?: AbortSignal;
}

/** A server that is there answers sooner; ms. */
const CONNECT_MS = 5_000;
/** JetStream's API; ms. */
const API_MS = 5_000;
/** A server that answers no ping for twice this is gone; ms. */
const PING_MS = 5_000;
const SHORTEST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/**
 * Connects, and looks that there is JetStream.
 * @throws {EventsError} OPTIONS, CREDENTIALS, NO_JETSTREAM; UNREACHABLE unless `patient`; the signal's reason
 */
export async function connectNats(options: NatsOptions, { name, onChange, patient = false, signal }: ConnectOptions): Promise<NatsClient> {
  const wait = new GrowingWait();
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connectOnce(options, name, onChange);
    } catch (error) {
      if (!(patient && error instanceof EventsError && error.code === 'UNREACHABLE')) throw error;
      await pause(wait.now(), signal);
    }
  }
}

async function connectOnce(options: NatsOptions, name: string, onChange: ConnectOptions['onChange']): Promise<NatsClient> {
  const what = `NATS at ${options.servers.join(', ')}`;
  const wait = new GrowingWait();
  const authenticator = natsAuthenticator(options);
  const settings: ConnectionOptions = {
    name,
    servers: [...options.servers],
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => wait.now(),
    // A password that is changed at the server first and here later must not end the connection.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...natsTls(options),
  };
  const connection = await connect(settings).catch(async (error: unknown) => {
    throw (await wantsCertificate(options, error)) ? certificateError(error, what) : connectError(error, what);
  });
  try {
    const manager = await jetstreamManager(connection, { timeout: API_MS, checkAPI: false });
    await checkJetStream(manager, what);
    const client = new MendingClient({ options, connection, manager, jetstream: jetstream(connection, { timeout: API_MS }) });
    client.onConnection((isConnected) => {
      if (!isConnected) wait.reset();
      onChange?.(isConnected);
    });
    return client;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** A user who may not ask for the account's state is let through: what it may do shows when it does it. */
async function checkJetStream(manager: JetStreamManager, what: string): Promise<void> {
  try {
    await manager.getAccountInfo();
  } catch (error) {
    const known = toEventsError(error, what);
    if (known.code === 'PERMISSION') return;
    if (!isNoResponders(error)) throw known;
    throw new EventsError('NO_JETSTREAM', {
      what,
      expected: 'a server with JetStream',
      got: 'one without',
      hint: 'start nats-server with -js',
      cause: error,
    });
  }
}

function connectError(error: unknown, what: string): EventsError {
  if (!isTlsError(error)) return toEventsError(error, what);
  const { code = '', message } = error;
  return new EventsError('CREDENTIALS', {
    what,
    expected: 'a TLS connection that both sides trust',
    got: [code, message].filter((part) => part !== '').join(': '),
    hint: 'check GEODESIC_NATS_CA, GEODESIC_NATS_CERT and GEODESIC_NATS_KEY, and that the certificate names the host of the address',
    cause: error,
  });
}

function certificateError(error: unknown, what: string): EventsError {
  return new EventsError('CREDENTIALS', {
    what,
    expected: 'a client certificate that the server accepts',
    got: 'a server that asks for one and does not go on',
    hint: 'set GEODESIC_NATS_CERT and GEODESIC_NATS_KEY to a certificate of an authority that the server knows',
    cause: error,
  });
}

/** Waits that grow from 50 ms to 2 s, with jitter, so that many clients do not come back in one moment. */
class GrowingWait {
  #since = performance.now();

  /** The next wait of one who waits that long, ms: half of all that was waited. */
  now(): number {
    const half = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, (performance.now() - this.#since) / 2));
    return Math.round((half * randomInt(750, 1_001)) / 1_000);
  }

  reset(): void {
    this.#since = performance.now();
  }
}
