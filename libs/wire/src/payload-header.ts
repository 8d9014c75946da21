/**
 * The header that the first chunk of every payload carries, as a tagged union, and its protobuf form. A header fixes
 * the length of its payload, so that a reader allocates once and refuses what does not fit.
 */
import { WireError } from './errors.ts';
import type { ContributionHeader, WireBlock, WireRound } from './messages.ts';
import { geodesic, toCount } from './protobuf.ts';

type ChunkProperties = geodesic.v1.Chunk.$Properties;

/** What a payload is. */
export type PayloadHeader =
  | ({ readonly type: 'contribution' } & ContributionHeader)
  | {
      readonly type: 'snapshot';
      readonly version: number;
      readonly chain: string;
      readonly parametersLength: number;
      readonly stateLength: number;
    }
  | {
      readonly type: 'update';
      readonly version: number;
      readonly previousChain: string;
      readonly chain: string;
      readonly deltaLength: number;
      readonly stateLength: number;
    }
  | { readonly type: 'object'; readonly digest: string };

const CODEC = 'f32';

/** The protobuf fields of a header. */
export function encodeHeader(header: PayloadHeader): ChunkProperties {
  switch (header.type) {
    case 'contribution': {
      const { round, worker, incarnation, block, count, scalars, sumsLength } = header;
      return { contribution: { round, worker, incarnation, block, count, scalars: Array.from(scalars), sumsLength, codec: CODEC } };
    }
    case 'snapshot':
      return { snapshot: header };
    case 'update':
      return { update: header };
    default:
      return { object: header };
  }
}

/**
 * The header in a received chunk; undefined in a chunk that continues a payload.
 * @throws {WireError} CORRUPT when a field is out of range, INVALID for an unknown codec
 */
export function decodeHeader(chunk: geodesic.v1.Chunk): PayloadHeader | undefined {
  if (chunk.contribution) return decodeContribution(chunk.contribution);
  if (chunk.snapshot) {
    const { version, chain, parametersLength, stateLength } = chunk.snapshot;
    return {
      type: 'snapshot',
      version: toCount(version, 'snapshot.version'),
      chain: chain ?? '',
      parametersLength: toCount(parametersLength, 'snapshot.parametersLength'),
      stateLength: toCount(stateLength, 'snapshot.stateLength'),
    };
  }
  if (chunk.update) {
    const { version, previousChain, chain, deltaLength, stateLength } = chunk.update;
    return {
      type: 'update',
      version: toCount(version, 'update.version'),
      previousChain: previousChain ?? '',
      chain: chain ?? '',
      deltaLength: toCount(deltaLength, 'update.deltaLength'),
      stateLength: toCount(stateLength, 'update.stateLength'),
    };
  }
  return chunk.object ? { type: 'object', digest: chunk.object.digest ?? '' } : undefined;
}

/** Elements of float32 that the header promises; undefined for an object, whose size is free. */
export function promisedFloats(header: PayloadHeader): number | undefined {
  switch (header.type) {
    case 'contribution':
      return header.sumsLength;
    case 'snapshot':
      return header.parametersLength + header.stateLength;
    case 'update':
      return header.deltaLength + header.stateLength;
    default:
      return undefined;
  }
}

function decodeContribution(header: geodesic.v1.ContributionHeader.$Properties): PayloadHeader {
  if (header.codec !== CODEC) {
    throw new WireError('INVALID', `contribution.codec: expected ${CODEC}, got ${header.codec ?? ''}`, 'run the same version on both ends');
  }
  return {
    type: 'contribution',
    round: decodeRound(header.round),
    worker: header.worker ?? '',
    incarnation: header.incarnation ?? '',
    block: decodeBlock(header.block),
    count: toCount(header.count, 'contribution.count'),
    scalars: Float64Array.from(header.scalars ?? []),
    sumsLength: toCount(header.sumsLength, 'contribution.sumsLength'),
  };
}

/** A round identity from the wire. */
export function decodeRound(round: geodesic.v1.Round.$Properties | null | undefined): WireRound {
  return {
    run: round?.run ?? '',
    step: toCount(round?.step, 'round.step'),
    attempt: toCount(round?.attempt, 'round.attempt'),
    phase: round?.phase ?? '',
    inputDigest: round?.inputDigest ?? '',
  };
}

/** A block from the wire. */
export function decodeBlock(block: geodesic.v1.Block.$Properties | null | undefined): WireBlock {
  return { level: block?.level ?? 0, index: block?.index ?? 0 };
}
