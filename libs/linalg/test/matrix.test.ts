import { describe, expect, it } from 'vitest';
import { addDiagonal, identity, trace, transpose } from '../src/index.ts';

const a = Float64Array.of(1, 2, 3, 4, 5, 6);

describe('identity', () => {
  it('has ones on the diagonal', () => {
    expect([...identity(2)]).toEqual([1, 0, 0, 1]);
    expect(identity(0)).toHaveLength(0);
  });
});

describe('transpose', () => {
  it('exchanges rows and columns', () => {
    expect([...transpose(a, 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('refuses an array of another size', () => {
    expect(() => transpose(a, 2, 2)).toThrow('transpose: expected a with 4 entries [2, 2], got 6 entries');
    expect(() => transpose(a, 2.5, 2)).toThrow('transpose: expected whole dimensions for a, got [2.5, 2]');
  });
});

describe('addDiagonal', () => {
  it('adds to the diagonal of a copy', () => {
    const square = Float64Array.of(1, 2, 3, 4);
    expect([...addDiagonal(square, 2, 10)]).toEqual([11, 2, 3, 14]);
    expect([...square]).toEqual([1, 2, 3, 4]);
  });
});

describe('trace', () => {
  it('sums the diagonal', () => {
    expect(trace(Float64Array.of(1, 2, 3, 4), 2)).toBe(5);
  });
});
