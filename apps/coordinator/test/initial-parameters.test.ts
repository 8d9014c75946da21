import type { ParameterEntry } from '@geodesic/engine';
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
