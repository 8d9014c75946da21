import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addressesOf, inputDigest, planRound, vectorDigest, vectorsOf } from '../src/index.ts';
import type { PhasePlan, PlannedInputs } from '../src/index.ts';
import { checkPlan } from '../src/round.ts';
import { SHAPE } from './fixtures.ts';

const position = { version: 3, chain: 'c', checksum: 's' };
const [a, b] = [Float32Array.of(1, 2), Float32Array.of(3)];

function roundOf(inputs?: PlannedInputs): ReturnType<typeof planRound> {
  const plan: PhasePlan = { step: 4, attempt: 0, phase: 'quad', slots: 8, ...SHAPE, ...(inputs && { inputs }) };
  return planRound({ run: 'r', plan, position });
}

describe('vectorDigest', () => {
  it('is the address of the little-endian bytes, also of a view', () => {
    const expected = `sha256:${createHash('sha256')
      .update(Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64))
      .digest('hex')}`;
    expect(vectorDigest(a)).toBe(expected);
    expect(vectorDigest(Float32Array.of(9, 1, 2).subarray(1))).toBe(expected);
  });

  it('hashes an array once: its owner must not change it', () => {
    const vector = Float32Array.of(5);
    const digest = vectorDigest(vector);
    vector[0] = 6;
    expect(vectorDigest(vector)).toBe(digest);
    expect(vectorDigest(vector.slice())).not.toBe(digest);
  });
});

describe('planRound', () => {
  it('names inputs by content, in the order of their names', () => {
    const { inputs } = roundOf({ vectors: { b, a }, move: { direction: a, alpha: 0.5, mu: 0.25 } });
    expect(inputs).toEqual({
      vectors: [
        { name: 'a', digest: vectorDigest(a), length: 2 },
        { name: 'b', digest: vectorDigest(b), length: 1 },
      ],
      move: { digest: vectorDigest(a), length: 2, alpha: 0.5, mu: 0.25 },
    });
    expect([...addressesOf(inputs!)]).toEqual([
      [vectorDigest(a), 2],
      [vectorDigest(b), 1],
    ]);
  });

  it('fences the round by all of them', () => {
    const move = { direction: a, alpha: 0.5, mu: 0.25 };
    const rounds = [
      roundOf(),
      roundOf({ vectors: { a } }),
      roundOf({ vectors: { a: b } }),
      roundOf({ vectors: { b: a } }),
      roundOf({ vectors: { a, b } }),
      roundOf({ vectors: {}, move }),
      roundOf({ vectors: { a }, move }),
      roundOf({ vectors: { a }, move: { ...move, alpha: 0.75 } }),
      roundOf({ vectors: { a }, move: { ...move, mu: 0.75 } }),
      roundOf({ vectors: { a }, move: { ...move, direction: b } }),
    ];
    expect(new Set(rounds.map((round) => round.inputDigest)).size).toBe(rounds.length);
    expect(roundOf({ vectors: { a, b } }).inputDigest).toBe(roundOf({ vectors: { b: b.slice(), a: a.slice() } }).inputDigest);
  });

  it('leaves a round without inputs as it is', () => {
    expect(roundOf({ vectors: {} })).toEqual(roundOf());
    expect(roundOf()).not.toHaveProperty('inputs');
    expect(roundOf().inputDigest).toBe(inputDigest({ chain: 'c', checksum: 's', step: 4, attempt: 0, phase: 'quad' }));
    const known = createHash('sha256').update('["c","s",4,0,"quad"]').digest('hex');
    expect(roundOf().inputDigest).toBe(known);
  });
});

describe('vectorsOf', () => {
  it('lists every array once', () => {
    expect(vectorsOf({ vectors: { direction: a, other: b }, move: { direction: a, alpha: 1, mu: 0 } })).toEqual([a, b]);
  });
});

describe('checkPlan', () => {
  it('refuses scalars that are not finite', () => {
    const round = roundOf({ vectors: {}, move: { direction: a, alpha: Number.NaN, mu: 0 } });
    expect(() => checkPlan(round)).toThrow('round plan: move.alpha: expected a finite number, got NaN');
  });
});
