/**
 * A checkpoint of the toy training as bytes: [u32 header length][u32 CRC-32 of the rest][header JSON][float64s], so that what is torn or
 * damaged is refused, as a real one's digests do it.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { CommittedParameters } from '@geodesic/cluster';
import type { CommittedStart } from '@geodesic/cluster';
import { packedLength } from './toy-algebra.ts';
import { INPUTS, OUTPUTS, SIZE, STATE_SIZE } from './toy-data.ts';
import { initialStart, ToyTrainer } from './toy-trainer.ts';
import type { ToyOptimiser } from './toy-trainer.ts';

/** Where a run goes on. */
export interface ToyCheckpoint extends CommittedStart {
  readonly step: number;
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  readonly optimiser: ToyOptimiser;
}

const LENGTHS: readonly number[] = [
  SIZE,
  STATE_SIZE,
  SIZE,
  SIZE,
  packedLength(INPUTS),
  packedLength(OUTPUTS),
  INPUTS ** 2,
  OUTPUTS ** 2,
  9,
];

/** Everything that later bits depend on, as numbers. */
function numbersOf({ parameters, state, saved }: ToyTrainer, { previous }: CommittedParameters): Float64Array {
  const { momentum, factorA, factorS, inverseA, inverseS, ...o } = saved;
  const scalars = [o.inverseStep, o.weight, o.damping, o.lossAverage, o.lastLoss, o.accepted, o.rejected, o.step, o.attempt];
  return Float64Array.of(...parameters, ...state, ...previous, ...momentum, ...factorA, ...factorS, ...inverseA, ...inverseS, ...scalars);
}

/** The bytes of a checkpoint. */
export function encodeCheckpoint(trainer: ToyTrainer, committed: CommittedParameters): Uint8Array {
  const { version, chain } = committed.position;
  const header = Buffer.from(JSON.stringify({ step: trainer.saved.step, version, chain }));
  const body = Buffer.concat([header, Buffer.from(numbersOf(trainer, committed).buffer)]);
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(header.length, 0);
  prefix.writeUInt32LE(crc32(body, header.length), 4);
  return Buffer.concat([prefix, body]);
}

/** A checkpoint; undefined when the bytes are torn or damaged. */
export function decodeCheckpoint(bytes: Uint8Array): ToyCheckpoint | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.subarray(8);
  const headerLength = view.getUint32(0, true);
  if (crc32(body, headerLength) !== view.getUint32(4, true)) return undefined;
  const header = JSON.parse(Buffer.from(body.subarray(0, headerLength)).toString()) as { step: number; version: number; chain: string };
  const numbers = new Float64Array(Uint8Array.from(body.subarray(headerLength)).buffer);
  let at = 0;
  const parts = LENGTHS.map((length) => numbers.slice(at, (at += length)));
  const [parameters, state, previous, momentum, factorA, factorS, inverseA, inverseS, scalars] = parts;
  const [inverseStep, weight, damping, lossAverage, lastLoss, accepted, rejected, step, attempt] = scalars;
  const counts = { inverseStep, weight, damping, lossAverage, lastLoss, accepted, rejected, step, attempt };
  const optimiser: ToyOptimiser = { momentum, factorA, factorS, inverseA, inverseS, ...counts };
  const arrays = { parameters: new Float32Array(parameters), state: new Float32Array(state), previous: new Float32Array(previous) };
  return { ...header, ...arrays, optimiser };
}

/** Hex SHA-256 of parameters, state, last change, optimiser and chain. */
export function stateDigest(trainer: ToyTrainer, committed: CommittedParameters): string {
  return createHash('sha256').update(encodeCheckpoint(trainer, committed)).digest('hex');
}

/** The checkpoint of step 0. */
export function initialCheckpoint(): { readonly checkpoint: ToyCheckpoint; readonly bytes: Uint8Array } {
  const trainer = new ToyTrainer(0, initialStart());
  const bytes = encodeCheckpoint(trainer, new CommittedParameters(trainer, { usesPrevious: true }));
  const checkpoint = decodeCheckpoint(bytes);
  if (!checkpoint) throw new Error('initialCheckpoint: expected bytes that decode, got others');
  return { checkpoint, bytes };
}
