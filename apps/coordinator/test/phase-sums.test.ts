import type { SumEntry } from '@geodesic/engine';
import { packUpper } from '@geodesic/linalg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSums, sumsLength, wireSize } from '../src/phase-sums.ts';

const number = fc.float({ noNaN: true, noDefaultInfinity: true });

/** A symmetric matrix [n, n] or a plain [rows, columns] one, with the name of its place. */
const sum = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.boolean()).chain(([n, m, symmetric]) =>
  fc.array(number, { minLength: n * (symmetric ? n : m), maxLength: n * (symmetric ? n : m) }).map((values) => {
    const full = symmetric ? values.map((_, k) => values[Math.min(k, (k % n) * n + Math.floor(k / n))]) : values;
    return { shape: symmetric ? [n, n] : [n, m], symmetric, full };
  }),
);

describe('readSums', () => {
  it('restores what was packed, whatever stands before and behind it', () => {
    fc.assert(
      fc.property(fc.array(sum, { maxLength: 6 }), (sums) => {
        const entries = sums.map(({ shape, symmetric }, i): SumEntry => ({ name: `sum${i}`, shape, symmetric }));
        const flat = new Float32Array(sumsLength(entries));
        let offset = 0;
        sums.forEach(({ full, symmetric, shape }, i) => {
          if (symmetric) packUpper(Float32Array.from(full), shape[0], flat, offset);
          else flat.set(full, offset);
          offset += wireSize(entries[i]);
        });
        expect(offset).toBe(flat.length);
        const read = readSums(entries, flat);
        sums.forEach(({ full }, i) => expect(Array.from(read.get(`sum${i}`)!)).toEqual(full));
      }),
      { seed: 41, numRuns: 200 },
    );
  });

  it('reads plain sums by view: no copy of the gradient', () => {
    const flat = new Float32Array(6);
    const gradient = readSums([{ name: 'gradient', shape: [6], symmetric: false }], flat).get('gradient') as Float32Array;
    expect(gradient.buffer).toBe(flat.buffer);
  });
});
