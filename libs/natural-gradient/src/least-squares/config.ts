/** What a caller says about least squares; see `levenberg-marquardt.ts` for the formulas. */

/** Options of Levenberg-Marquardt along a curved path. */
export interface LeastSquaresConfig {
  /** First lambda > 0, in units of the mean of J'J. */
  readonly damping: number;
  readonly minDamping: number;
  readonly maxDamping: number;
  /** Highest order K >= 1 of the path: 1 is the classical method, 2 adds geodesic acceleration, more are its continuation; each costs a round. */
  readonly order: number;
  /** alpha: the term of order 2 is taken where 2 |c_2| < alpha |c_1|, one of order k > 2 where |c_k| < alpha |c_(k-1)|. Default 0.75. */
  readonly acceleration?: number;
  /** lambda is divided by this where the ratio of reductions is above 3/4. Default 5. */
  readonly lowerBy?: number;
  /** lambda is multiplied by this where the ratio is below 1/4. Default 2. */
  readonly raiseBy?: number;
  /** lambda is multiplied by this at a rejection; > 1. Default 2. 3 here and for `lowerBy` trade steps for rounds. */
  readonly rejectBy?: number;
  /** Rejections in a row after which a step fails. Default 25. */
  readonly maxRejections?: number;
}

/** The same with every default filled in. */
export type CompleteLeastSquaresConfig = Required<LeastSquaresConfig>;

/** Fills in the defaults. @throws {RangeError} for an option out of range */
export function completeLeastSquaresConfig(config: LeastSquaresConfig): CompleteLeastSquaresConfig {
  const complete = { acceleration: 0.75, lowerBy: 5, raiseBy: 2, rejectBy: 2, maxRejections: 25, ...config };
  const { damping, minDamping, maxDamping, order, acceleration, lowerBy, raiseBy, rejectBy, maxRejections } = complete;
  requireOption(
    'damping',
    'a number in [minDamping, maxDamping], above 0',
    damping,
    damping > 0 && damping >= minDamping && damping <= maxDamping,
  );
  requireOption('order', 'a whole number of at least 1', order, Number.isInteger(order) && order >= 1);
  requireOption('acceleration', 'a number above 0', acceleration, acceleration > 0);
  requireOption('lowerBy', 'a number of at least 1', lowerBy, lowerBy >= 1);
  requireOption('raiseBy', 'a number of at least 1', raiseBy, raiseBy >= 1);
  requireOption('rejectBy', 'a number above 1', rejectBy, rejectBy > 1);
  requireOption('maxRejections', 'a whole number of at least 0', maxRejections, Number.isInteger(maxRejections) && maxRejections >= 0);
  return complete;
}

function requireOption(option: string, expected: string, got: number, holds: boolean): void {
  if (!holds) throw new RangeError(`createLeastSquares: expected ${option} to be ${expected}, got ${got}`);
}
