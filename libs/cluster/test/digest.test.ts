import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, chunkCrcs, initialChain, inputDigest, nextChain, nextCombinationChain, updateCrcs } from '../src/index.ts';

describe('chunkCrcs', () => {
  it('matches the published check value of CRC-32', () => {
    expect([...chunkCrcs(Buffer.from('123456789'))]).toEqual([0xcbf43926]);
  });

  it('cuts at fixed boundaries, the last chunk being the rest', () => {
    const bytes = new Uint8Array(2 * CHUNK_BYTES + 1).fill(7);
    const crcs = chunkCrcs(bytes);
    expect(crcs.length).toBe(3);
    expect(crcs[1]).toBe(crcs[0]);
    expect(crcs[2]).toBe(chunkCrcs(Uint8Array.of(7))[0]);
    expect(chunkCrcs(new Uint8Array(0)).length).toBe(0);
  });
});

describe('updateCrcs', () => {
  it.each([
    [0, 3],
    [1, 0],
    [CHUNK_BYTES / 4 - 1, 2],
    [CHUNK_BYTES / 4, 1],
    [CHUNK_BYTES, CHUNK_BYTES / 2],
  ])('is that of delta and state joined, of %i and %i elements', (deltaLength, stateLength) => {
    const joined = Float32Array.from({ length: deltaLength + stateLength }, (_, i) => Math.sin(i));
    const crcs = updateCrcs(joined.slice(0, deltaLength), joined.slice(deltaLength));
    expect(crcs).toEqual(chunkCrcs(new Uint8Array(joined.buffer)));
  });
});

describe('initialChain', () => {
  it('tells parameters from state', () => {
    const both = initialChain(Float32Array.of(1, 2), Float32Array.of(3));
    expect(both).toMatch(/^[0-9a-f]{64}$/);
    expect(initialChain(Float32Array.of(1), Float32Array.of(2, 3))).not.toBe(both);
    expect(initialChain(Float32Array.of(1, 2), Float32Array.of(3))).toBe(both);
  });
});

describe('nextChain', () => {
  const start = initialChain(Float32Array.of(1), new Float32Array(0));

  it('is the documented digest of previous chain, version and CRC list', () => {
    const crcs = Uint32Array.of(1, 2);
    const content = createHash('sha256')
      .update(Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0))
      .digest('hex');
    expect(nextChain(start, 1, crcs)).toBe(createHash('sha256').update(`${start}\n1\n${content}\n`).digest('hex'));
  });

  it('refuses what is not a chain or a version', () => {
    expect(() => nextChain('abc', 1, new Uint32Array(0))).toThrow('nextChain: previous: expected 64 hex digits, got "abc"');
    expect(() => nextChain(start, 0, new Uint32Array(0))).toThrow('nextChain: version: expected a positive integer, got 0');
  });
});

describe('nextCombinationChain', () => {
  const start = initialChain(Float32Array.of(1), new Float32Array(0));
  const combination = { digest: 'sha256:00', length: 1, alpha: 0.5, mu: 0.25 };
  const state = Float32Array.of(2);

  it('depends on the direction, the scalars, the state, the version and the chain before', () => {
    const chains = [
      nextCombinationChain(start, 1, { combination, state }),
      nextCombinationChain(start, 1, { combination: { ...combination, digest: 'sha256:01' }, state }),
      nextCombinationChain(start, 1, { combination: { ...combination, alpha: 0.75 }, state }),
      nextCombinationChain(start, 1, { combination: { ...combination, mu: 0.5 }, state }),
      nextCombinationChain(start, 1, { combination, state: Float32Array.of(3) }),
      nextCombinationChain(start, 2, { combination, state }),
      nextCombinationChain('0'.repeat(64), 1, { combination, state }),
    ];
    expect(new Set(chains).size).toBe(chains.length);
    expect(nextCombinationChain(start, 1, { combination: { ...combination }, state: state.slice() })).toBe(chains[0]);
  });
});

describe('inputDigest', () => {
  it('depends on every field', () => {
    const inputs = { chain: 'c', checksum: 's', step: 1, attempt: 0, phase: 'grad' };
    const variants = [
      inputs,
      { ...inputs, chain: 'd' },
      { ...inputs, checksum: 't' },
      { ...inputs, step: 2 },
      { ...inputs, attempt: 1 },
      { ...inputs, phase: 'trial' },
    ];
    expect(new Set(variants.map(inputDigest)).size).toBe(variants.length);
  });
});
