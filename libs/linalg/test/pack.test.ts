import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packedSize, packUpper, unpackUpper } from '../src/index.ts';
import { randomSpd } from './random-matrix.ts';

const seed = 20240609;

describe('packUpper', () => {
  it('lists the upper triangle row by row', () => {
    expect([...packUpper(Float64Array.of(1, 2, 3, 2, 4, 5, 3, 5, 6), 3)]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('writes at an offset and leaves the rest alone', () => {
    const out = new Float32Array(5).fill(-1);
    expect(packUpper(Float32Array.of(1, 2, 2, 3), 2, out, 1)).toBe(out);
    expect([...out]).toEqual([-1, 1, 2, 3, -1]);
  });

  it('is undone by unpackUpper to the bit, in both precisions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), fc.integer(), (n, matrixSeed) => {
        const full = randomSpd(matrixSeed, n);
        expect(packUpper(full, n)).toHaveLength(packedSize(n));
        expect(unpackUpper(packUpper(full, n), n)).toEqual(full);
        const single = Float32Array.from(full);
        expect(unpackUpper(packUpper(single, n), n)).toEqual(single);
      }),
      { seed },
    );
  });

  it('refuses to write beyond the end', () => {
    expect(() => packUpper(new Float64Array(4), 2, new Float64Array(3), 1)).toThrow(
      'packUpper: expected room for 3 entries at offset 1, got an array of 3',
    );
  });
});

describe('unpackUpper', () => {
  it('refuses a packed array of another size', () => {
    expect(() => unpackUpper(new Float32Array(5), 3)).toThrow('unpackUpper: expected packed with 6 entries [1, 6], got 5 entries');
  });
});
