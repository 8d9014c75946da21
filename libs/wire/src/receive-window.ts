/**
 * Widens a grpc-js server's HTTP/2 receive window, for which it has a client option but, as of 1.14, no server option.
 * Reaches into two private fields; where a later version lacks them the server works with the default window of 64 KiB.
 */
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

interface ServerInternals {
  commonServerOptions?: { settings?: { initialWindowSize?: number } };
  http2Servers?: Map<Http2Server, unknown>;
}

/** Sets the window that each stream starts with; call before binding. */
export function widenStreamWindow(server: Server, bytes: number): void {
  const options = (server as unknown as ServerInternals).commonServerOptions;
  if (options) options.settings = { ...options.settings, initialWindowSize: bytes };
}

/** Sets the window of each connection; call after binding. */
export function widenConnectionWindow(server: Server, bytes: number): void {
  const listeners = (server as unknown as ServerInternals).http2Servers?.keys() ?? [];
  for (const listener of listeners) {
    listener.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(bytes));
  }
}
