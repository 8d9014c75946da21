/**
 * Deflation of a rank-one update diag(d) + rho z z^T: an eigenvalue whose z is negligible stays as it is, and of two that are nearly
 * equal a rotation moves all of z to one (Cuppen 1981; Dongarra and Sorensen 1987; DLAED2 of LAPACK).
 */

/** The halves of the vector that a row of eigenvectors fills; after a rotation of one of each it is 'both'. */
export type Fill = 'first' | 'both' | 'second';

/** The update and its rows; deflation changes all four arrays. */
export interface RankOne {
  readonly d: Float64Array;
  readonly z: Float64Array;
  readonly fill: Fill[];
  readonly rho: number;
  /** Rows p and q <- c p + s q and c q - s p. */
  readonly rotate: (p: number, q: number, c: number, s: number) => void;
}

/** Row numbers by what becomes of them: `kept` ascending in d, clear of each other. */
export interface Deflated {
  readonly kept: readonly number[];
  readonly deflated: readonly number[];
}

/** Sorts out what the update leaves alone. |z| = 1 at first. */
export function deflate({ d, z, fill, rho, rotate }: RankOne): Deflated {
  const order = Array.from(d.keys()).sort((p, q) => d[p] - d[q]);
  const largest = d.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = 8 * Number.EPSILON * Math.max(largest, rho);
  const kept: number[] = [];
  const deflated: number[] = [];
  let before: number | undefined;
  for (const row of order) {
    if (rho * Math.abs(z[row]) <= tolerance) {
      deflated.push(row);
      continue;
    }
    if (before !== undefined) {
      const length = Math.sqrt(z[row] * z[row] + z[before] * z[before]);
      const [c, s] = [z[row] / length, -z[before] / length];
      if (Math.abs((d[row] - d[before]) * c * s) <= tolerance) {
        rotate(before, row, c, s);
        if (fill[before] !== fill[row]) fill[before] = fill[row] = 'both';
        [d[before], d[row]] = [d[before] * c * c + d[row] * s * s, d[before] * s * s + d[row] * c * c];
        z[row] = length;
        z[before] = 0;
        deflated.push(before);
      } else kept.push(before);
    }
    before = row;
  }
  if (before !== undefined) kept.push(before);
  return { kept, deflated };
}
