import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveKey, philox, RandomnessError } from '../src/index.ts';

const seed = 20240603;
const part = fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const path = fc.array(part, { maxLength: 4 });
/** Equal exactly when two paths are equal; 0 and -0 are one number. */
const canonical = (parts: readonly (string | number)[]) => JSON.stringify(parts);

describe('deriveKey', () => {
  it('is a pure function of seed and path', () => {
    expect(deriveKey(7, 'init', 'stem/weight')).toEqual(deriveKey(7, 'init', 'stem/weight'));
  });

  it('follows the derivation that its file documents', () => {
    const block = Uint32Array.of(0, 0, 1, 0xffffffff);
    philox({ hi: 0, lo: 0 }, block);
    const second = Uint32Array.of(0x3ff00000, 1, 1, 0xffffffff);
    philox({ hi: block[1], lo: block[0] }, second);
    expect(deriveKey(1)).toEqual({ hi: second[1], lo: second[0] });
  });

  it('keeps its keys, on which recorded runs depend', () => {
    expect([deriveKey(0), deriveKey(1, 'dropout', 3), deriveKey(1, 'dropout', 3, '')]).toMatchInlineSnapshot(`
      [
        {
          "hi": 3979726147,
          "lo": 3950021241,
        },
        {
          "hi": 1028655682,
          "lo": 1462267792,
        },
        {
          "hi": 3837962912,
          "lo": 3474110218,
        },
      ]
    `);
  });

  it('gives distinct paths distinct keys', () => {
    fc.assert(
      fc.property(fc.tuple(fc.integer(), path), fc.tuple(fc.integer(), path), ([seedA, a], [seedB, b]) => {
        fc.pre(canonical([seedA, ...a]) !== canonical([seedB, ...b]));
        expect(deriveKey(seedA, ...a)).not.toEqual(deriveKey(seedB, ...b));
      }),
      { seed, numRuns: 2000 },
    );
  });

  it('has no collision among 40,000 neighbouring paths', () => {
    const keys = new Set<string>();
    for (let run = 0; run < 4; run++)
      for (let step = 0; step < 10_000; step++) {
        const { hi, lo } = deriveKey(run, 'step', step);
        keys.add(`${hi}:${lo}`);
      }
    expect(keys.size).toBe(40_000);
  });

  it('separates parts that would read the same when joined', () => {
    const keys = [deriveKey(1, 'ab', 'c'), deriveKey(1, 'a', 'bc'), deriveKey(1, 'abc'), deriveKey(1, 1), deriveKey(1, '1'), deriveKey(1)];
    expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(keys.length);
    expect(deriveKey(1, 0)).toEqual(deriveKey(1, -0));
  });

  it('refuses a number that is not finite', () => {
    expect(() => deriveKey(Number.NaN)).toThrow(RandomnessError);
    expect(() => deriveKey(1, 'step', Infinity)).toThrow('deriveKey: expected a finite seed and finite numbers in the path, got Infinity');
  });
});
