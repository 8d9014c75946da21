import { encodedSumsSize, roundSums, type CodedSegment } from '@geodesic/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunks } from '../src/chunk.ts';
import { connectExchange, type ExchangeClient } from '../src/exchange-client.ts';
import type { CoordinatorMessage, WireContribution } from '../src/messages.ts';
import { decodeHeader } from '../src/payload-header.ts';
import { geodesic } from '../src/protobuf.ts';
import type { WireServer } from '../src/server.ts';
import { decodeCoordinatorMessage, encodeCoordinatorMessage } from '../src/session-messages.ts';
import { FakeCoordinator } from './fake-coordinator.ts';

/** A gradient of 20,000, then a factor of 700 x 700, and a remainder. */
const size = 700;
const entries = (size * (size + 1)) / 2;
const length = 20_000 + entries + 3;
const segments: readonly CodedSegment[] = [{ offset: 20_000, size, kind: 'int8' }];
const round = { run: 'r', step: 3, attempt: 0, phase: 'grad-stats', inputDigest: 'ab' };

/** Sums whose factor has a positive diagonal, rounded as a node of the tree is. */
function rounded(coded: readonly CodedSegment[]): WireContribution {
  const sums = Float32Array.from({ length }, (_, i) => Math.sin(i) * 7);
  for (let i = 0, at = 20_000; i < size; at += size - i, i++) sums[at] = 50 + i;
  roundSums(sums, segments);
  const header = { round, worker: 'w', incarnation: 'i', block: { level: 0, index: 2 }, count: 128, scalars: Float64Array.of(0.1) };
  return { ...header, sumsLength: length, sums, ...(coded.length > 0 && { coded }) };
}

let coordinator: FakeCoordinator;
let server: WireServer;
let exchange: ExchangeClient;

beforeEach(async () => {
  coordinator = new FakeCoordinator();
  server = await coordinator.listen();
  exchange = connectExchange(server.address);
});

afterEach(async () => {
  exchange.close();
  coordinator.publisher.close();
  await server.close();
});

describe('Exchange.Contribute with coded segments', () => {
  it('delivers the same bits as float32 sums in as many bytes as the codes have, counted on both ends', async () => {
    const traffic: number[] = [];
    for (const coded of [[], segments]) {
      const before = exchange.traffic.bytesUp;
      const sent = rounded(coded);
      expect((await exchange.contribute(sent)).result).toBe('accepted');
      const got = coordinator.contributions.at(-1)!;
      expect(Buffer.compare(Buffer.from(got.sums.buffer), Buffer.from(sent.sums.buffer))).toBe(0);
      traffic.push(exchange.traffic.bytesUp - before);
    }
    expect(server.traffic.bytesUp).toBe(exchange.traffic.bytesUp);
    const overhead = 1000;
    expect(traffic[0]).toBeGreaterThan(4 * length);
    expect(traffic[1]).toBeGreaterThan(encodedSumsSize(segments, length));
    expect(traffic[1]).toBeLessThan(4 * 20_003 + 4 * size + (size * (size - 1)) / 2 + overhead);
    expect(traffic[1] / traffic[0]).toBeLessThan(0.32);
  });

  it('refuses segments that do not fit the sums, or of a kind that it does not know', () => {
    const header = (changes: Partial<geodesic.v1.ContributionHeader.$Properties>): geodesic.v1.Chunk => {
      const [chunk] = encodeChunks({ ...rounded(segments), type: 'contribution' }, new Uint8Array(0));
      const decoded = decodeChunk(chunk);
      return Object.assign(decoded, { contribution: { ...decoded.contribution, ...changes } });
    };
    expect(decodeHeader(header({}))).toMatchObject({ coded: segments });
    const long = [{ offset: 20_000, size: 701, kind: 'int8' }];
    expect(() => decodeHeader(header({ segments: long }))).toThrow(
      'segments: expected some that fit 265353 sums, got segment: expected its end',
    );
    expect(() => decodeHeader(header({ segments: [{ offset: 0, size: 2, kind: 'zip' }] }))).toThrow(
      'expected one of bf16, fp16, int8, got zip',
    );
    expect(() => decodeHeader(header({ codec: 'gzip' }))).toThrow('contribution.codec: expected f32 or segments, got gzip');
  });
});

describe('decodeCoordinatorMessage', () => {
  it('gives back an assignment with the codec of its round', () => {
    const codec = { level: 2, segments };
    const plan = { ...round, version: 4, slots: 8, sumsLength: length, scalarsLength: 1, codec };
    const message: CoordinatorMessage = { type: 'assign', generation: 1, round: plan, blocks: [{ level: 1, index: 0 }] };
    expect(decodeCoordinatorMessage(encodeCoordinatorMessage(message))).toEqual(message);
  });
});
