import type { TensorData } from '@geodesic/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packSums, readSums, sumsLength, type SumEntry } from '../src/index.ts';

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
        const outputs = sums.map(({ full, shape }, i): [string, TensorData] => [
          `sum:sum${i}`,
          { dtype: 'float32', shape, data: Float32Array.from(full) },
        ]);
        const packed = sums.map(({ full, shape, symmetric }) => (symmetric ? (shape[0] * (shape[0] + 1)) / 2 : full.length));
        expect(flat.length).toBe(packed.reduce((total, length) => total + length, 0));
        packSums(entries, Object.fromEntries(outputs), flat);
        const read = readSums(entries, flat);
        sums.forEach(({ full }, i) => expect(Array.from(read.get(`sum${i}`)!)).toEqual(full));
      }),
      { seed: 41, numRuns: 200 },
    );
  });

  it('reads plain sums by view: no copy of the gradient', () => {
    const flat = new Float32Array(6);
    const gradient = readSums([{ name: 'gradient', shape: [6], symmetric: false }], flat).get('gradient')!;
    expect(gradient.buffer).toBe(flat.buffer);
  });
});
