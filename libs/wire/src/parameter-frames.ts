/**
 * The two payloads of the parameter stream: a snapshot and an update, to encoded chunks and back. The chunk boundaries
 * of an update are the canonical ones, so the CRCs computed on receipt are those that the digest chain wants.
 */
import { encodeChunks } from './chunk.ts';
import type { Payload } from './chunk.ts';
import { WireError } from './errors.ts';
import { floatsOf, packFloats } from './floats.ts';
import type { ParameterFrame, Snapshot, Update } from './messages.ts';

/** A frame that is ready to be written to any number of streams. */
export interface EncodedFrame {
  readonly version: number;
  readonly chunks: readonly Buffer[];
}

/** Encodes a snapshot; its arrays may change afterwards. */
export function encodeSnapshot(snapshot: Snapshot): EncodedFrame {
  const { version, chain, parameters, state } = snapshot;
  const header = { type: 'snapshot', version, chain, parametersLength: parameters.length, stateLength: state.length } as const;
  return { version, chunks: [...encodeChunks(header, packFloats(parameters, state))] };
}

/** Encodes an update; its arrays may change afterwards. */
export function encodeUpdate(update: Update): EncodedFrame {
  const { version, previousChain, chain, delta, state } = update;
  const header = { type: 'update', version, previousChain, chain, deltaLength: delta.length, stateLength: state.length } as const;
  return { version, chunks: [...encodeChunks(header, packFloats(delta, state))] };
}

/** The bytes of an update whose CRCs enter the digest chain: delta, then state. */
export function updatePayload(delta: Float32Array, state: Float32Array): Uint8Array {
  return packFloats(delta, state);
}

/**
 * The frame in a received payload; the arrays share the payload's memory.
 * @throws {WireError} CORRUPT for another kind of payload
 */
export function decodeFrame(payload: Payload): ParameterFrame {
  const { header, bytes, crcs } = payload;
  if (header.type === 'snapshot') {
    const parameters = floatsOf(bytes, 0, header.parametersLength);
    const state = floatsOf(bytes, header.parametersLength, header.stateLength);
    return { type: 'snapshot', version: header.version, chain: header.chain, parameters, state };
  }
  if (header.type === 'update') {
    const { version, previousChain, chain } = header;
    const delta = floatsOf(bytes, 0, header.deltaLength);
    const state = floatsOf(bytes, header.deltaLength, header.stateLength);
    return { type: 'update', version, previousChain, chain, delta, state, crcs };
  }
  throw new WireError('CORRUPT', `parameter stream: expected a snapshot or an update, got ${header.type}`);
}
