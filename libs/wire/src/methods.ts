/**
 * The gRPC methods of the three services. gRPC sees bytes only: messages are encoded and decoded by us, once, so that an
 * encoded chunk can be written to many streams and a malformed message becomes an error of ours.
 */
import type { MethodDefinition } from '@grpc/grpc-js';

/** A method whose messages are bytes to gRPC. */
export type RawMethod = MethodDefinition<Buffer, Buffer>;

const raw = (bytes: Buffer): Buffer => bytes;

function method(path: string, streams: { request: boolean; response: boolean }): RawMethod {
  return {
    path: `/geodesic.v1.${path}`,
    requestStream: streams.request,
    responseStream: streams.response,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
}

/** service Session. */
export const sessionMethods: { readonly join: RawMethod } = {
  join: method('Session/Join', { request: true, response: true }),
};

/** service Exchange. */
export const exchangeMethods: { readonly contribute: RawMethod; readonly fetch: RawMethod; readonly follow: RawMethod } = {
  contribute: method('Exchange/Contribute', { request: true, response: false }),
  fetch: method('Exchange/Fetch', { request: false, response: true }),
  follow: method('Exchange/Follow', { request: false, response: true }),
};

/** service Runs. */
export const runsMethods: { readonly submit: RawMethod; readonly watch: RawMethod; readonly control: RawMethod; readonly get: RawMethod } =
  {
    submit: method('Runs/Submit', { request: true, response: false }),
    watch: method('Runs/Watch', { request: false, response: true }),
    control: method('Runs/Control', { request: false, response: false }),
    get: method('Runs/Get', { request: false, response: false }),
  };
