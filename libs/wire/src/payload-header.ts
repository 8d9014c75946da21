/**
 * The header that the first chunk of every payload carries, as a tagged union, and its protobuf form. A header fixes
 * the length of its payload, so that a reader allocates once and refuses what does not fit.
 */
import { encodedSumsSize, findSegmentFault, type CodedSegment, type FactorCodecKind } from '@geodesic/tensor';
import { WireError } from './errors.ts';
import type { ContributionHeader, Fork, WireBlock, WireCombination, WireRound } from './messages.ts';
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
      readonly previousLength: number;
    }
  | {
      readonly type: 'update';
      readonly version: number;
      readonly previousChain: string;
      readonly chain: string;
      readonly deltaLength: number;
      readonly stateLength: number;
      /** Instead of a delta, whose length is 0 then. */
      readonly combination?: WireCombination;
    }
  | { readonly type: 'object'; readonly digest: string }
  | { readonly type: 'submission'; readonly digest: string; readonly fork?: Fork };

/** All sums as float32, or some as codes. */
const CODECS = ['f32', 'segments'] as const;

/** The protobuf fields of a header. */
export function encodeHeader(header: PayloadHeader): ChunkProperties {
  switch (header.type) {
    case 'contribution': {
      const { round, worker, incarnation, block, count, scalars, sumsLength, coded } = header;
      const codec = coded ? { codec: CODECS[1], segments: [...coded] } : { codec: CODECS[0] };
      return { contribution: { round, worker, incarnation, block, count, scalars: Array.from(scalars), sumsLength, ...codec } };
    }
    case 'snapshot':
      return { snapshot: header };
    case 'update':
      return { update: header };
    case 'object':
      return { object: header };
    case 'submission':
      return { submission: header };
  }
}

/**
 * The header in a received chunk; undefined in a chunk that continues a payload.
 * @throws {WireError} CORRUPT when a field is out of range, INVALID for an unknown codec
 */
export function decodeHeader(chunk: geodesic.v1.Chunk): PayloadHeader | undefined {
  if (chunk.contribution) return decodeContribution(chunk.contribution);
  if (chunk.snapshot) {
    const { version, chain, parametersLength, stateLength, previousLength } = chunk.snapshot;
    return {
      type: 'snapshot',
      version: toCount(version, 'snapshot.version'),
      chain: chain ?? '',
      parametersLength: toCount(parametersLength, 'snapshot.parametersLength'),
      stateLength: toCount(stateLength, 'snapshot.stateLength'),
      previousLength: toCount(previousLength, 'snapshot.previousLength'),
    };
  }
  if (chunk.update) {
    const { version, previousChain, chain, deltaLength, stateLength, combination } = chunk.update;
    return {
      type: 'update',
      version: toCount(version, 'update.version'),
      previousChain: previousChain ?? '',
      chain: chain ?? '',
      deltaLength: toCount(deltaLength, 'update.deltaLength'),
      stateLength: toCount(stateLength, 'update.stateLength'),
      ...(combination && { combination: decodeCombination(combination) }),
    };
  }
  if (chunk.submission) {
    const { digest, fork } = chunk.submission;
    return {
      type: 'submission',
      digest: digest ?? '',
      ...(fork && { fork: { run: fork.run ?? '', step: toCount(fork.step, 'fork.step') } }),
    };
  }
  return chunk.object ? { type: 'object', digest: chunk.object.digest ?? '' } : undefined;
}

/** Bytes that the header promises; undefined for an object or a submission, whose size is free. */
export function promisedBytes(header: PayloadHeader): number | undefined {
  switch (header.type) {
    case 'contribution':
      return encodedSumsSize(header.coded ?? [], header.sumsLength);
    case 'snapshot':
      return 4 * (header.parametersLength + header.stateLength + header.previousLength);
    case 'update':
      return 4 * (header.deltaLength + header.stateLength);
    default:
      return undefined;
  }
}

function decodeContribution(header: geodesic.v1.ContributionHeader.$Properties): PayloadHeader {
  const codec = CODECS.find((name) => name === header.codec);
  if (codec === undefined) {
    const expected = CODECS.join(' or ');
    throw new WireError(
      'INVALID',
      `contribution.codec: expected ${expected}, got ${header.codec ?? ''}`,
      'run the same version on both ends',
    );
  }
  const sumsLength = toCount(header.sumsLength, 'contribution.sumsLength');
  return {
    type: 'contribution',
    round: decodeRound(header.round),
    worker: header.worker ?? '',
    incarnation: header.incarnation ?? '',
    block: decodeBlock(header.block),
    count: toCount(header.count, 'contribution.count'),
    scalars: Float64Array.from(header.scalars ?? []),
    sumsLength,
    ...(codec === 'segments' && { coded: decodeSegments(header.segments, sumsLength) }),
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

/** Coded segments from the wire. @throws {WireError} CORRUPT when they do not fit the sums */
export function decodeSegments(
  segments: readonly geodesic.v1.CodedSegment.$Properties[] | null | undefined,
  sumsLength: number,
): CodedSegment[] {
  const decoded = (segments ?? []).map(({ offset, size, kind }): CodedSegment => {
    return { offset: toCount(offset, 'segment.offset'), size: size ?? 0, kind: (kind ?? '') as FactorCodecKind };
  });
  const fault = findSegmentFault(decoded, sumsLength);
  if (fault !== undefined) throw new WireError('CORRUPT', `segments: expected some that fit ${sumsLength} sums, got ${fault}`);
  return decoded;
}

/** A combination from the wire. */
export function decodeCombination({ digest, length, alpha, mu }: geodesic.v1.Combination.$Properties): WireCombination {
  return { digest: digest ?? '', length: toCount(length, 'combination.length'), alpha: alpha ?? 0, mu: mu ?? 0 };
}

/** A block from the wire. */
export function decodeBlock(block: geodesic.v1.Block.$Properties | null | undefined): WireBlock {
  return { level: block?.level ?? 0, index: block?.index ?? 0 };
}
