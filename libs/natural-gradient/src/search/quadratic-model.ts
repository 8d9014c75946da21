/**
 * The quadratic model of the objective over the plane of two changes, D (the new direction) and M (the last change):
 *   m(alpha D + mu M) = <grad, delta> + 1/2 <delta, (F + eta_2 I) delta>,
 * F the exact Gauss-Newton matrix of the batch, the gradient with the L2 term eta_2 theta (Martens & Grosse 2015, sections 6.4 and 7).
 * Damped, lambda |delta|^2 / 2 comes on top: damping chooses the step, but is no part of what the step is expected to gain.
 */

/** Numbers for the pairs (D, D), (D, M), (M, M). */
export interface PlaneProducts {
  readonly DD: number;
  readonly DM: number;
  readonly MM: number;
}

/** The model. */
export interface QuadraticModel {
  /** <grad, D> */
  readonly slopeD: number;
  /** <grad, M> */
  readonly slopeM: number;
  /** Of F + eta_2 I, for the mean objective. */
  readonly curvature: PlaneProducts;
  /** Of I. */
  readonly square: PlaneProducts;
}

/** How far to go along both. */
export interface Coefficients {
  readonly alpha: number;
  readonly mu: number;
}

/** How the coefficients are chosen. */
export interface SolveOptions {
  /** lambda > 0 */
  readonly damping: number;
  /** `adaptive`: both from the model; a number: mu is this; `none`: there is no last change. */
  readonly momentum: 'adaptive' | 'none' | number;
  /** The plane counts as a line where 1 - cos^2 of the angle between D and M, in the damped metric, is not above this. */
  readonly tolerance: number;
}

/**
 * The coefficients that minimise the damped model. Where D and M are parallel, or M is nothing, the momentum is dropped; alpha is 0 where D
 * is nothing (a zero gradient).
 */
export function solveModel(model: QuadraticModel, { damping, momentum, tolerance }: SolveOptions): Coefficients {
  const { slopeD, slopeM, curvature, square } = model;
  const dd = curvature.DD + damping * square.DD;
  const dm = curvature.DM + damping * square.DM;
  const mm = curvature.MM + damping * square.MM;
  const along = (mu: number): Coefficients => ({ alpha: dd > 0 ? -(slopeD + mu * dm) / dd : ifFinite(dd), mu });
  if (momentum === 'none') return along(0);
  if (momentum !== 'adaptive') return along(momentum);
  const determinant = dd * mm - dm * dm;
  if (!(determinant > tolerance * dd * mm)) return along(0);
  return { alpha: (dm * slopeM - mm * slopeD) / determinant, mu: (dm * slopeD - dd * slopeM) / determinant };
}

/** 0 for a curvature that is not positive, NaN for one that is not a number: such a step must not look like a step of length 0. */
function ifFinite(curvature: number): number {
  return Number.isFinite(curvature) ? 0 : Number.NaN;
}

/** What the model expects of the change: m(alpha D + mu M), without lambda; negative for a descent. */
export function modelChange({ slopeD, slopeM, curvature }: QuadraticModel, { alpha, mu }: Coefficients): number {
  const bend = alpha * alpha * curvature.DD + 2 * alpha * mu * curvature.DM + mu * mu * curvature.MM;
  return alpha * slopeD + mu * slopeM + bend / 2;
}
