import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES } from '../src/channel.ts';
import { ChunkAssembler, decodeChunk, encodeChunks } from '../src/chunk.ts';
import type { WireError } from '../src/errors.ts';
import { bytesOf } from '../src/floats.ts';
import { encodeSnapshot } from '../src/parameter-frames.ts';
import { geodesic } from '../src/protobuf.ts';
import { encodeSealed } from '../src/sealed.ts';

const object = { type: 'object', digest: 'sha256:00' } as const;

function patterned(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

function assembled(chunks: Iterable<Buffer>, maximumBytes = 2 ** 30): ReturnType<ChunkAssembler['push']> {
  const assembler = new ChunkAssembler({ maximumBytes });
  let payload: ReturnType<ChunkAssembler['push']>;
  for (const chunk of chunks) payload = assembler.push(decodeChunk(chunk));
  assembler.end();
  return payload;
}

describe('encodeChunks', () => {
  it('cuts at 256 KiB and gives every chunk its offset and the CRC-32 of its data', () => {
    const payload = patterned(2 * CHUNK_BYTES + 5);
    const chunks = [...encodeChunks(object, payload)].map(decodeChunk);
    expect(chunks.map((chunk) => chunk.data.length)).toEqual([CHUNK_BYTES, CHUNK_BYTES, 5]);
    expect(chunks.map((chunk) => chunk.offset)).toEqual([0, CHUNK_BYTES, 2 * CHUNK_BYTES]);
    expect(chunks[2].crc32).toBe(crc32(payload.subarray(2 * CHUNK_BYTES)));
    expect(chunks.map((chunk) => chunk.header)).toEqual(['object', undefined, undefined]);
  });

  it('sends an empty payload as one chunk', () => {
    const chunks = [...encodeChunks(object, new Uint8Array(0))];
    expect(chunks).toHaveLength(1);
    expect(assembled(chunks)!.bytes).toHaveLength(0);
  });
});

describe('ChunkAssembler', () => {
  it('gives back any payload, aligned for Float32Array, whatever its size', () => {
    const sizes = fc.oneof(fc.nat(100), fc.integer({ min: CHUNK_BYTES - 2, max: CHUNK_BYTES + 2 }), fc.nat(3 * CHUNK_BYTES));
    fc.assert(
      fc.property(sizes, (size) => {
        const sent = patterned(size);
        const { bytes, crcs } = assembled(encodeChunks(object, sent))!;
        expect(bytes.byteOffset).toBe(0);
        expect(Buffer.compare(bytes, sent)).toBe(0);
        expect(crcs).toHaveLength(Math.ceil(size / CHUNK_BYTES));
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it('keeps consecutive payloads apart', () => {
    const assembler = new ChunkAssembler({ maximumBytes: 100 });
    const sizes = [3, 0, 7].map((size) => {
      const [chunk] = encodeChunks(object, patterned(size));
      return assembler.push(decodeChunk(chunk))!.bytes.length;
    });
    expect(sizes).toEqual([3, 0, 7]);
  });

  it('rejects a flipped bit by its CRC', () => {
    const chunks = [...encodeChunks(object, patterned(CHUNK_BYTES + 100))];
    chunks[1][chunks[1].length - 20] ^= 1;
    expect(() => assembled(chunks)).toThrow(/chunk\.crc32: expected [0-9a-f]{8}, got [0-9a-f]{8}/);
  });

  it('rejects every flipped bit outside of the data, too, or is not misled by it', () => {
    const round = { run: 'r', step: 3, attempt: 0, phase: 'grad', inputDigest: 'ab' };
    const member = { worker: 'w', incarnation: 'i', block: { level: 1, index: 2 }, count: 128, scalars: Float64Array.of(0.5) };
    const sums = patterned(CHUNK_BYTES + 8);
    const chunks = [...encodeChunks({ type: 'contribution', round, ...member, sumsLength: sums.length / 4 }, sums)];
    const whole = assembled(chunks);
    const judge = (damaged: Iterable<Buffer>): unknown => {
      try {
        return assembled(damaged);
      } catch (error) {
        return (error as WireError).code;
      }
    };
    const verdicts: unknown[] = [];
    for (const [number, chunk] of chunks.entries()) {
      const data = chunk.indexOf(decodeChunk(chunk).data.subarray(0, 8));
      const edges = [...chunk.keys()].filter((i) => i < data + 2 || i >= chunk.length - 220);
      for (const [byte, bit] of edges.flatMap((byte) => [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => [byte, bit] as const))) {
        const damaged = Buffer.from(chunk);
        damaged[byte] ^= 1 << bit;
        verdicts.push(judge(chunks.with(number, damaged)));
      }
    }
    const accepted = verdicts.filter((verdict) => verdict !== 'CORRUPT');
    for (const payload of accepted) expect(payload).toEqual(whole);
    expect([verdicts.length > 2000, accepted.length < 20]).toEqual([true, true]);
  });

  it('rejects a chunk of another payload, however well it fits', () => {
    const [first] = encodeChunks(object, patterned(CHUNK_BYTES + 5));
    const [, second] = encodeChunks({ ...object, digest: 'sha256:01' }, patterned(CHUNK_BYTES + 5));
    expect(() => assembled([first, second])).toThrow(/chunk\.headerCheck/);
  });

  it('rejects a lost, a repeated and a truncated chunk', () => {
    const [first, second, third] = encodeChunks(object, patterned(2 * CHUNK_BYTES + 100));
    expect(() => assembled([first, third])).toThrow(/chunk\.offset/);
    expect(() => assembled([first, first])).toThrow(/chunk\.headerCheck/);
    expect(() => assembled([first, second, second])).toThrow(/chunk\.offset/);
    expect(() => assembled([first, second])).toThrow(/chunk\.payload: expected .* at the end of the stream/);
    expect(() => assembled([second])).toThrow(/chunk\.header: expected a header/);
  });

  it('gives no memory to a payload above the limit, or to one whose size is not what its header promises', () => {
    expect(() => assembled(encodeChunks(object, patterned(101)), 100)).toThrow(/chunk\.payloadBytes: expected at most 100, got 101/);
    const [chunk] = encodeSnapshot({
      version: 1,
      chain: 'c',
      parameters: new Float32Array(4),
      state: new Float32Array(0),
      previous: new Float32Array(0),
    }).chunks;
    const forged = decodeChunk(chunk);
    forged.payloadBytes = 4_000_000_000;
    expect(() => assembled([encodeSealed(geodesic.v1.Chunk, forged)])).toThrow(/payloadBytes: expected 16/);
  });

  it('rejects bytes that are no chunk', () => {
    expect(() => decodeChunk(bytesOf(new Float32Array([Number.NaN, 1])))).toThrow(/chunk: expected a protobuf message/);
  });
});
