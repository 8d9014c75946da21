/**
 * How both ends set up their connections: sizes, windows, keepalive and the shape of an address. Control and bulk use
 * separate channels, so that a full window of parameters never delays a heartbeat.
 */
import { credentials, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { WireError } from './errors.ts';

// Every failure surfaces as a WireError; grpc-js would print some of them to stderr as well.
setLogVerbosity(logVerbosity.NONE);

/** Bytes of payload in a chunk; also the fixed boundary of the digests (spec: canonical update chunks). */
export const CHUNK_BYTES: number = 256 * 1024;

/** HTTP/2 receive window, bytes: the default of 64 KiB caps a stream at 64 KiB per round trip. */
export const FLOW_CONTROL_WINDOW: number = 16 * 1024 * 1024;

/** Deadline of a call that sends and receives one small message, ms. */
export const UNARY_DEADLINE_MS = 10_000;

/** gRPC options of both ends. The receive limit leaves a chunk room for its header and no more. */
export const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_send_message_length': -1,
  'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.use_local_subchannel_pool': 1, // one connection per client object: control and bulk do not share one
  'grpc.enable_retries': 0, // callers retry: they alone know what is still wanted
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5000,
};

/** The credentials of a loopback or trusted network. */
export function plaintext(): ChannelCredentials {
  return credentials.createInsecure();
}

/**
 * Checks `HOST:PORT` and returns it.
 * @throws {WireError} INVALID when there is no host or the port is not 1..65535
 */
export function parseAddress(address: string): string {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new WireError('INVALID', `address: expected HOST:PORT with a port of 1..65535, got "${address}"`, 'for example 127.0.0.1:7077');
  }
  return address;
}
