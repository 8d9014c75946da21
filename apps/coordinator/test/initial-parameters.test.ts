import { storedValues, type ParameterEntry } from '@geodesic/engine';
import { makeLayout, viewOf } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { initialParameters } from '../src/initial-parameters.ts';

const table: readonly ParameterEntry[] = [
  { name: 'a.weight', shape: [30, 40], initializer: { kind: 'normal', standardDeviation: 0.25 } },
  { name: 'a.bias', shape: [40], initializer: { kind: 'constant', value: 0.5 } },
  { name: 'b.weight', shape: [30, 40], initializer: { kind: 'normal', standardDeviation: 0.25 } },
];

function valuesOf(entries: readonly ParameterEntry[], name: string, seed = 1): Float32Array {
  return viewOf(makeLayout(entries), initialParameters(entries, seed), name);
}

describe('initialParameters', () => {
  it('is a function of the seed', () => {
    expect(initialParameters(table, 1)).toEqual(initialParameters(table, 1));
    expect(initialParameters(table, 2)).not.toEqual(initialParameters(table, 1));
  });

  it('gives a parameter the same values wherever it stands in the table, and others to other names', () => {
    for (const { name } of table) {
      expect(valuesOf(table.toReversed(), name)).toEqual(valuesOf(table, name));
      expect(
        valuesOf(
          table.filter((entry) => entry.name === name),
          name,
        ),
      ).toEqual(valuesOf(table, name));
    }
    expect(valuesOf(table, 'b.weight')).not.toEqual(valuesOf(table, 'a.weight'));
  });

  it('follows the initialisers: a constant, or normal numbers of the given standard deviation', () => {
    expect(valuesOf(table, 'a.bias')).toEqual(new Float32Array(40).fill(0.5));
    const weights = valuesOf(table, 'a.weight');
    const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length;
    const variance = weights.reduce((sum, value) => sum + (value - mean) ** 2, 0) / weights.length;
    expectClose(mean, 0, { abs: 4 * (0.25 / Math.sqrt(weights.length)) });
    expectClose(Math.sqrt(variance), 0.25, { rel: 4 / Math.sqrt(2 * weights.length) });
  });
});

describe('initialParameters of other kinds', () => {
  const withKind = (initializer: ParameterEntry['initializer'], shape = [30, 40]): Float32Array =>
    valuesOf([{ name: 'w', shape, initializer }], 'w');

  it('draws uniform numbers between the bounds', () => {
    const values = withKind({ kind: 'uniform', low: -0.5, high: 1 });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expectClose(values.reduce((sum, value) => sum + value, 0) / values.length, 0.25, { abs: 0.06 });
  });

  it('cuts a truncated normal off at two standard deviations', () => {
    const values = withKind({ kind: 'truncated-normal', standardDeviation: 0.1 });
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.2 + 1e-7);
    expect(values.filter((value) => Math.abs(value) > 0.15).length).toBeGreaterThan(20);
  });

  it.each([
    [7, 7],
    [9, 4],
    [4, 9],
  ])('draws orthonormal rows or columns: %i by %i', (rows, columns) => {
    const values = withKind({ kind: 'orthogonal', gain: 2 }, [rows, columns]);
    const entry = (row: number, column: number): number => values[row * columns + column];
    const [count, length] = columns <= rows ? [columns, rows] : [rows, columns];
    const at = (vector: number, i: number): number => (columns <= rows ? entry(i, vector) : entry(vector, i));
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++) {
        let product = 0;
        for (let i = 0; i < length; i++) product += at(a, i) * at(b, i);
        expectClose(product, a === b ? 4 : 0, { abs: 1e-5 });
      }
  });

  it('takes stored values as they are, whatever the seed', () => {
    const values = Float32Array.of(1.5, -0, 3e-8, 7);
    const table = [{ name: 'w', shape: [2, 2], initializer: storedValues(values) }];
    expect(valuesOf(table, 'w', 1)).toEqual(values);
    expect(valuesOf(table, 'w', 9)).toEqual(values);
    expect(storedValues(new Float32Array(3).fill(2))).toEqual({ kind: 'constant', value: 2 });
    const short: ParameterEntry = { name: 'w', shape: [5], initializer: storedValues(values) };
    expect(() => initialParameters([short], 1)).toThrow('initializer of w: expected 20 bytes, got 16');
  });
});
