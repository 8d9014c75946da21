/**
 * Numerical comparison for tests: |actual - expected| <= abs + rel * |expected|, entry by entry.
 * A failure prints the worst entry, not the whole array.
 */
export interface Tolerance {
  /** Absolute tolerance; default 0. */
  readonly abs?: number;
  /** Relative tolerance; default 0. */
  readonly rel?: number;
}

/**
 * Asserts that two numbers or two flat arrays agree within a tolerance.
 * @throws {Error} naming the worst entry, its two values and how far beyond the tolerance it is
 */
export function expectClose(actual: ArrayLike<number> | number, expected: ArrayLike<number> | number, tolerance: Tolerance): void {
  const a = typeof actual === 'number' ? [actual] : actual;
  const e = typeof expected === 'number' ? [expected] : expected;
  if (a.length !== e.length) throw new Error(`expectClose: expected ${e.length} entries, got ${a.length}`);
  let worst = -1;
  let worstExcess = 1;
  for (let i = 0; i < e.length; i++) {
    const allowed = (tolerance.abs ?? 0) + (tolerance.rel ?? 0) * Math.abs(e[i]);
    const difference = Math.abs(a[i] - e[i]);
    // NaN compares false with everything, so the test is written to fail on it.
    const excess = difference <= allowed ? 0 : Number.isNaN(difference) ? Infinity : difference / (allowed || Number.MIN_VALUE);
    if (excess > worstExcess) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst >= 0) {
    throw new Error(
      `expectClose: entry ${worst} of ${e.length}: expected ${e[worst]}, got ${a[worst]}, ${worstExcess.toPrecision(3)} times the tolerance`,
    );
  }
}
