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
  const { version, chain, parameters, state, previous } = snapshot;
  const lengths = { parametersLength: parameters.length, stateLength: state.length, previousLength: previous.length };
  return { version, chunks: [...encodeChunks({ type: 'snapshot', version, chain, ...lengths }, packFloats(parameters, state, previous))] };
}

/** Encodes an update; its arrays may change afterwards. */
export function encodeUpdate(update: Update): EncodedFrame {
  const { version, previousChain, chain, state } = update;
  const header = { type: 'update', version, previousChain, chain, stateLength: state.length } as const;
  if ('combination' in update) {
    const combined = { ...header, deltaLength: 0, combination: update.combination };
    return { version, chunks: [...encodeChunks(combined, packFloats(state))] };
  }
  const { delta, crcs } = update;
  return { version, chunks: [...encodeChunks({ ...header, deltaLength: delta.length }, updatePayload(delta, state), crcs)] };
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
    const previous = floatsOf(bytes, header.parametersLength + header.stateLength, header.previousLength);
    return { type: 'snapshot', version: header.version, chain: header.chain, parameters, state, previous };
  }
  if (header.type === 'update') {
    const { version, previousChain, chain, combination } = header;
    const delta = floatsOf(bytes, 0, header.deltaLength);
    const state = floatsOf(bytes, header.deltaLength, header.stateLength);
    const frame = { type: 'update', version, previousChain, chain, state, crcs } as const;
    return combination ? { ...frame, combination } : { ...frame, delta };
  }
  throw new WireError('CORRUPT', `parameter stream: expected a snapshot or an update, got ${header.type}`);
}
