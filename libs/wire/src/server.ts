/** The coordinator's one listening port: the Session, Exchange and Runs services over gRPC. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { channelOptions, FLOW_CONTROL_WINDOW } from './channel.ts';
import { WireError } from './errors.ts';
import { handleContribute } from './contribute-handler.ts';
import { handleFetch, handleFollow } from './exchange-server.ts';
import type { ExchangeService } from './exchange-server.ts';
import { IDLE_MS } from './idle-timer.ts';
import { exchangeMethods, runsMethods, sessionMethods } from './methods.ts';
import { widenConnectionWindow, widenStreamWindow } from './receive-window.ts';
import { handleControl, handleGet, handleSubmit, handleWatch } from './runs-server.ts';
import type { RunsService } from './runs-server.ts';
import { handleJoin } from './session-server.ts';
import type { SessionService } from './session-server.ts';
import { TrafficCounter } from './traffic.ts';
import type { Traffic } from './traffic.ts';
import { UploadCredits } from './upload-credits.ts';

/** How long close() lets calls finish, ms. */
const CLOSE_GRACE_MS = 500;

/** A listening server. */
export interface WireServer {
  /** HOST:PORT with the real port. */
  readonly address: string;
  /** Bytes of encoded chunks so far. */
  readonly traffic: Traffic;
  /** Refuses new calls, lets those under way finish for 500 ms, then cuts them. */
  close(): Promise<void>;
}

/** Options of {@link serveWire}. */
export interface ServeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly session: SessionService;
  readonly exchange: ExchangeService;
  readonly runs: RunsService;
  /** Memory of all contributions on their way in together, bytes; one alone may be larger. Default 256 MiB. */
  readonly uploadBytes?: number;
  /** Time without progress after which a bulk transfer is over, ms; default 30,000. */
  readonly idleMs?: number;
}

/**
 * Listens and serves.
 * @throws {WireError} PORT_IN_USE when another process listens there, INVALID when the host is not ours
 */
export async function serveWire(options: ServeOptions): Promise<WireServer> {
  const { host, session, exchange, runs, idleMs = IDLE_MS } = options;
  const traffic = new TrafficCounter();
  const limits = { traffic, credits: new UploadCredits(options.uploadBytes), idleMs };
  const server = new Server({ ...channelOptions, 'grpc.max_connection_age_grace_ms': CLOSE_GRACE_MS });
  server.addService(sessionMethods, { join: handleJoin(session) });
  server.addService(exchangeMethods, {
    contribute: handleContribute(exchange, limits),
    fetch: handleFetch(exchange, limits),
    follow: handleFollow(exchange, limits),
  });
  server.addService(runsMethods, {
    submit: handleSubmit(runs),
    watch: handleWatch(runs),
    control: handleControl(runs),
    get: handleGet(runs),
  });
  widenStreamWindow(server, FLOW_CONTROL_WINDOW);
  const port = await bind(server, host, options.port);
  widenConnectionWindow(server, FLOW_CONTROL_WINDOW);
  return {
    address: `${host}:${port}`,
    get traffic() {
      return traffic.read();
    },
    close: () => close(server),
  };
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(bindError(error, host, port));
    });
  });
}

function bindError(cause: Error, host: string, port: number): WireError {
  if (cause.message.includes('EADDRINUSE')) {
    return new WireError('PORT_IN_USE', `listen: port ${port} on ${host} is in use`, 'choose another port, or 0 for a free one', { cause });
  }
  return new WireError('INVALID', `listen: expected an address of this host, got ${host}:${port} (${cause.message})`, '', { cause });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve(); // tryShutdown may still wait for a peer that does not read
    }, CLOSE_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
