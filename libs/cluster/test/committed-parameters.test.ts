import { describe, expect, it } from 'vitest';
import {
  chunkCrcs,
  combine,
  CommittedParameters,
  initialChain,
  nextChain,
  nextCombinationChain,
  parametersChecksum,
  referTo,
} from '../src/index.ts';

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

  it('forms a combination from what was broadcast and the last change, which a snapshot carries', () => {
    const [parameters, state] = [Float32Array.of(1, 2), Float32Array.of(0.5)];
    const committed = new CommittedParameters({ parameters, state }, { usesPrevious: true });
    expect([...committed.snapshot().previous]).toEqual([0, 0]);
    const first = Float32Array.of(0.1, -1);
    const { chain } = committed.advance({ delta: first, state });
    expect(committed.snapshot().previous).toEqual(first);
    first.fill(9); // it is a copy
    const combination = { direction: Float32Array.of(3, 4), alpha: 0.3, mu: 0.7 };
    const before = parameters.slice();
    const update = committed.advance({ combination, state });
    const delta = combine(combination.direction, Float32Array.of(0.1, -1), 0.3, 0.7);
    expect(parameters).toEqual(before.map((value, i) => value + delta[i]));
    expect(committed.snapshot().previous).toEqual(delta);
    const reference = referTo(combination);
    const next = nextCombinationChain(chain, 2, { combination: reference, state });
    expect(update).toEqual({ version: 2, previousChain: chain, chain: next, combination: reference, state });
    expect(committed.position).toEqual({ version: 2, chain: next, checksum: parametersChecksum(parameters) });
  });

  it('keeps no last change where no program reads it, and refuses to combine with one', () => {
    const committed = new CommittedParameters({ parameters: Float32Array.of(1), state: new Float32Array(0) });
    const state = new Float32Array(0);
    committed.advance({ delta: Float32Array.of(1), state });
    expect(committed.snapshot().previous).toHaveLength(0);
    committed.advance({ combination: { direction: Float32Array.of(1), alpha: 2, mu: 0 }, state });
    expect([...committed.parameters]).toEqual([4]);
    const combination = { direction: Float32Array.of(1), alpha: 2, mu: 0.5 };
    expect(() => committed.advance({ combination, state })).toThrow('combine: previous: expected 1 elements, got 0');
  });

  it('goes on from a checkpoint as if it had never stopped', () => {
    const [parameters, state] = [Float32Array.of(1, 2), Float32Array.of(0.5)];
    const whole = new CommittedParameters({ parameters, state }, { usesPrevious: true });
    whole.advance({ delta: Float32Array.of(0.1, -1), state });
    const { version, chain, previous } = whole.snapshot();
    const copies = { parameters: parameters.slice(), state: state.slice() };
    const start = { version, chain, previous: previous.slice(), checksum: whole.position.checksum };
    const resumed = new CommittedParameters(copies, { usesPrevious: true, start });
    expect(resumed.position).toEqual(whole.position);
    const combination = { direction: Float32Array.of(3, 4), alpha: 0.3, mu: 0.7 };
    expect(resumed.advance({ combination, state })).toEqual(whole.advance({ combination, state }));
    expect(resumed.snapshot()).toEqual(whole.snapshot());
  });

  it('refuses a start whose last change or parameters are not those of the run', () => {
    const arrays = { parameters: Float32Array.of(1, 2), state: new Float32Array(0) };
    const start = { version: 1, chain: 'c', previous: new Float32Array(0) };
    expect(() => new CommittedParameters(arrays, { usesPrevious: true, start })).toThrow('previous: expected 2 elements, got 0');
    expect(() => new CommittedParameters(arrays, { start: { ...start, checksum: 'x' } })).toThrow('checksum: expected x, got');
  });
});
