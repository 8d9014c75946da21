import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deflate, type Fill } from '../src/wasm/deflation.ts';
import { secularRoot } from '../src/wasm/secular.ts';
import { randomMatrix } from './random-matrix.ts';

const seed = 20261123;

describe('secularRoot', () => {
  it('finds the roots of an update of order two', () => {
    // diag(0, 1) + (1, 1)(1, 1)^T has the eigenvalues (3 -+ sqrt 5) / 2.
    const update = { d: Float64Array.of(0, 1), squares: Float64Array.of(1, 1), rho: 1 };
    const differences = new Float64Array(2);
    expect(secularRoot(update, 0, differences)).toBeCloseTo((3 - Math.sqrt(5)) / 2, 15);
    expect([...differences].map((difference) => difference < 0)).toEqual([true, false]);
    expect(secularRoot(update, 1, differences)).toBeCloseTo((3 + Math.sqrt(5)) / 2, 15);
  });

  it('puts one root to the right of each pole, whatever the gaps and weights', () => {
    const exponents = fc.array(fc.integer({ min: -14, max: 0 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(exponents, fc.integer(), fc.integer({ min: -6, max: 6 }), (gaps, matrixSeed, size) => {
        let last = -1;
        const d = Float64Array.from(gaps, (gap) => (last += 10 ** gap));
        const squares = randomMatrix(matrixSeed, d.length).map((z) => z * z + 1e-12);
        const rho = 10 ** size;
        const differences = new Float64Array(d.length);
        d.forEach((pole, i) => {
          const root = secularRoot({ d, squares, rho }, i, differences);
          expect(root).toBeGreaterThanOrEqual(pole);
          expect(root).toBeLessThanOrEqual(d[i + 1] ?? Infinity);
          differences.forEach((difference, j) => expect(difference < 0).toBe(j <= i));
          const terms = squares.map((square, j) => square / differences[j]);
          const f = terms.reduce((sum, term) => sum + term, 1 / rho);
          const magnitude = terms.reduce((sum, term) => sum + Math.abs(term), 1 / rho);
          expect(Math.abs(f)).toBeLessThanOrEqual(1e-13 * magnitude);
        });
      }),
      { seed },
    );
  });
});

describe('deflate', () => {
  const noRotation = (): void => expect.fail('expected no rotation');

  it('leaves rows alone whose z is negligible, and keeps the rest in ascending order', () => {
    const d = Float64Array.of(3, 1, 2);
    const z = Float64Array.of(0.6, 1e-17, 0.8);
    const fill: Fill[] = ['first', 'first', 'second'];
    expect(deflate({ d, z, fill, rho: 1, rotate: noRotation })).toEqual({ kept: [2, 0], deflated: [1] });
  });

  it('rotates all of z into one of two equal values, and marks both as filled', () => {
    const d = Float64Array.of(1, 1);
    const z = Float64Array.of(0.6, 0.8);
    const fill: Fill[] = ['first', 'second'];
    const rotations: number[][] = [];
    const { kept, deflated } = deflate({ d, z, fill, rho: 1, rotate: (...rotation) => rotations.push(rotation) });
    expect({ kept, deflated, fill }).toEqual({ kept: [1], deflated: [0], fill: ['both', 'both'] });
    expect(z[1]).toBeCloseTo(1, 15);
    expect(rotations).toEqual([[0, 1, expect.closeTo(0.8, 15), expect.closeTo(-0.6, 15)]]);
  });
});
