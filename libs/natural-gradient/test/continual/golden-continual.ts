/** Access to golden/10. Its W is [O, I] and its curvature S (x) A; here W is [I, O] and the curvature A (x) S: matrices W are transposed. */
import { flat, loadGolden, type Nested, rowsOf } from '@geodesic/testing';
import type { KroneckerFactors } from '@geodesic/natural-gradient';

export const golden = loadGolden('10_continual').cases;

/** A golden vector, or symmetric matrix, as it stands. */
export function vectorOf(nested: Nested): Float64Array {
  return Float64Array.from(flat(nested));
}

/** A golden [O, I] matrix as [I, O]. */
export function turned(nested: Nested): Float64Array {
  const rows = rowsOf(nested);
  return Float64Array.from(rows[0].flatMap((_, i) => rows.map((row) => row[i])));
}

/** Factors of golden matrices A and S. */
export function factorsOf(a: Nested, s: Nested): KroneckerFactors {
  return { rows: rowsOf(a).length, columns: rowsOf(s).length, input: vectorOf(a), output: vectorOf(s) };
}
