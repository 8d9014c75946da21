import { describe, expect, it } from 'vitest';
import { ChunkAssembler, decodeChunk } from '../src/chunk.ts';
import type { Payload } from '../src/chunk.ts';
import { decodeFrame, encodeSnapshot, encodeUpdate } from '../src/parameter-frames.ts';
import type { EncodedFrame } from '../src/parameter-frames.ts';

function received({ chunks }: EncodedFrame): Payload {
  const assembler = new ChunkAssembler({ maximumBytes: 2 ** 20 });
  const payloads = chunks.map((chunk) => assembler.push(decodeChunk(chunk)));
  return payloads.at(-1)!;
}

describe('encodeSnapshot', () => {
  it.each([0, 3])('comes back with parameters, state and %d entries of the last change', (length) => {
    const [parameters, state] = [Float32Array.of(1, 2, 3), Float32Array.of(0.5)];
    const previous = new Float32Array(length).fill(-1);
    const snapshot = { version: 7, chain: 'c', parameters, state, previous };
    expect(decodeFrame(received(encodeSnapshot(snapshot)))).toEqual({ type: 'snapshot', ...snapshot });
  });
});

describe('encodeUpdate', () => {
  const links = { version: 2, previousChain: 'a', chain: 'b', state: Float32Array.of(0.5, 0) };

  it('comes back with its delta', () => {
    const frame = decodeFrame(received(encodeUpdate({ ...links, delta: Float32Array.of(1, -1) })));
    expect(frame).toMatchObject({ type: 'update', ...links, delta: Float32Array.of(1, -1) });
    expect(frame).not.toHaveProperty('combination');
  });

  it('sends a combination without P numbers', () => {
    const combination = { digest: 'sha256:00', length: 1_000_000, alpha: 0.1, mu: 0 };
    const encoded = encodeUpdate({ ...links, combination });
    expect(encoded.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0)).toBeLessThan(200);
    const frame = decodeFrame(received(encoded));
    expect(frame).toMatchObject({ type: 'update', ...links, combination });
    expect(frame).not.toHaveProperty('delta');
  });
});
