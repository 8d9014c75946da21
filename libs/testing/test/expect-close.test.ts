import { describe, expect, it } from 'vitest';
import { expectClose, flat, loadGolden, rowsOf } from '../src/index.ts';

describe('expectClose', () => {
  it('accepts entries within abs + rel * |expected|', () => {
    expectClose([1.0009, 100.09], [1, 100], { abs: 1e-6, rel: 1e-3 });
    expectClose(0.5, 0.5, {});
  });

  it('names the worst entry, not the first', () => {
    expect(() => expectClose([1.1, 3, 2], [1, 1, 2], { abs: 0.01 })).toThrow('entry 1 of 3: expected 1, got 3, 200 times the tolerance');
  });

  it('never accepts NaN, nor another length', () => {
    expect(() => expectClose([Number.NaN], [1], { abs: 1e9 })).toThrow('entry 0 of 1: expected 1, got NaN');
    expect(() => expectClose([1, 2], [1], { abs: 1 })).toThrow('expected 1 entries, got 2');
  });
});

describe('loadGolden', () => {
  it('reads a file with its definitions, cases and tolerances', () => {
    const { definitions, cases } = loadGolden('01_affine_coupling');
    expect(definitions.length).toBeGreaterThan(0);
    expect(rowsOf(cases.single_coupling.inputs.x)).toHaveLength(4);
    expect(flat(cases.single_coupling.inputs.x)).toHaveLength(24);
    expect(cases.single_coupling.tol.abs).toBe(1e-12);
  });
});
