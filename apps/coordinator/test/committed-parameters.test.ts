import { chunkCrcs, initialChain, nextChain, parametersChecksum } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { CommittedParameters } from '../src/committed-parameters.ts';

describe('CommittedParameters', () => {
  it('starts with the chain of its first values and advances chain, checksum and version with every update', () => {
    const [parameters, state] = [Float32Array.of(1, 2), Float32Array.of(0.5)];
    const committed = new CommittedParameters({ parameters, state });
    const start = initialChain(Float32Array.of(1, 2), Float32Array.of(0.5));
    expect(committed.position).toEqual({ version: 0, chain: start, checksum: parametersChecksum(Float32Array.of(1, 2)) });

    const update = committed.advance({ delta: Float32Array.of(0.1, -1), state: Float32Array.of(0.25) });
    expect([...parameters]).toEqual([Math.fround(1 + Math.fround(0.1)), 1]);
    expect([...state]).toEqual([0.25]);
    const payload = new Uint8Array(Float32Array.of(0.1, -1, 0.25).buffer);
    expect(update).toMatchObject({ version: 1, previousChain: start, chain: nextChain(start, 1, chunkCrcs(payload)) });
    expect(committed.position).toEqual({ version: 1, chain: update.chain, checksum: parametersChecksum(parameters) });
    expect(committed.snapshot()).toMatchObject({ version: 1, chain: update.chain, parameters, state });
  });
});
