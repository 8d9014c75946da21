import type { TensorData } from '@geodesic/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, packRows, packSums, programSumsLength, readSums, sumsLength, type SumEntry } from '../src/index.ts';

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

const scale: SumEntry = { name: 'scale', shape: [2], symmetric: false };
const factor: SumEntry = { name: 'A/dense', shape: [3, 3], symmetric: true, codec: 'int8' };
const other: SumEntry = { name: 'S/dense', shape: [2, 2], symmetric: true, codec: 'bf16' };

describe('packRows', () => {
  const program = {
    sums: [scale],
    rows: [
      { name: 'a', width: 2 },
      { name: 'g', width: 1 },
    ],
  };

  /** A slot of two rows, the second one padding in slot 1, whose graph has something there all the same. */
  function slot(index: number): Float32Array {
    const flat = new Float32Array(programSumsLength(program, 4));
    const rows = (width: number, from: number): TensorData => {
      return { dtype: 'float32', shape: [2, width], data: Float32Array.from({ length: 2 * width }, (_, i) => from + 10 * index + i) };
    };
    const outputs = { 'sum:scale': rows(1, 100), 'rows:a': rows(2, 1), 'rows:g': rows(1, 5) };
    packSums(program.sums, outputs, flat);
    packRows(program, outputs, { flat, firstOrdinal: 2 * index, examples: Int32Array.of(7, index === 0 ? 8 : -1) });
    return flat;
  }

  it('puts the rows of every slot at their ordinals, so that adding up gathers, and padding rows stay zeros', () => {
    const [first, second] = [slot(0), slot(1)];
    const read = readSums(
      program.sums,
      first.map((value, i) => value + second[i]),
      program.rows,
    );
    expect([...read.get('scale')!]).toEqual([210, 212]);
    expect([...read.get('rows:a')!]).toEqual([1, 2, 3, 4, 11, 12, 0, 0]);
    expect([...read.get('rows:g')!]).toEqual([5, 6, 15, 0]);
  });

  it('takes as much room as the sums and the tables of all slots', () => {
    expect(programSumsLength(program, 4)).toBe(2 + 4 * 3);
    expect(programSumsLength({ sums: [scale] }, 4)).toBe(2);
  });
});

describe('codecOf', () => {
  it('says where the coded sums stand in the vector, and the level at which they are rounded', () => {
    const segments = [
      { offset: 2, size: 3, kind: 'int8' },
      { offset: 10, size: 2, kind: 'bf16' },
    ];
    expect(codecOf({ sums: [scale, factor, scale, other] })).toEqual({ level: 0, segments });
    expect(codecOf({ sums: [scale, factor, scale, other], codecLevel: 2 })).toEqual({ level: 2, segments });
  });

  it('is undefined where no sum is coded, and refuses a sum without symmetry', () => {
    expect(codecOf({ sums: [scale], codecLevel: 2 })).toBeUndefined();
    expect(() => codecOf({ sums: [{ ...scale, codec: 'fp16' }] })).toThrow('sum scale: codec: expected a symmetric sum');
  });
});
