/**
 * Unbiased estimates of curvature by probes, for d where tensors are too many. With u = E xi, v = E eta, E = g^(-1/2) and xi, eta of
 * covariance I, Rm(u,v,u,v) has the mean Scal, and Ric(w,w) when one vector is held at w: `scalarProbe`, `ricciProbe`. Signs
 * (Rademacher) for xi have the smaller variance. With standard normals Rm^2 has the mean 3|Rm|^2 + 4|Ric|^2 + Scal^2: the curvature
 * penalty, `penaltyProbe`, which normals alone give (its fourth moments matter).
 * Randomness is handed in: the caller draws xi, eta by key and counter, and gathers the results as Moments (../moments.ts), which add
 * across workers and give the mean with its standard error. Source: spec A4 "Stochastic estimators".
 */
import { matmul } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';
import { orthonormalFrame } from '../fields/matrix-metric.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import type { Metric } from '../metric.ts';
import { directionalRm } from './directional-curvature.ts';

/** A field at a point, with its frame: what probes of one point share. */
export interface ProbePoint {
  readonly field: MetricField;
  readonly x: Float64Array;
  /** E = g^(-1/2) [d, d]. */
  readonly frame: Float64Array;
  readonly metric: Metric;
}

/** Prepares probes at x [d]. O(d^3). @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function probePoint(field: MetricField, x: ArrayLike<number>): ProbePoint {
  const point = requirePoint('probePoint', 'x', field, x);
  const metric = field.at(point);
  return { field, x: point, metric, frame: orthonormalFrame(metric) };
}

/** One estimate of Scal from xi, eta [d] of covariance I, independent. @throws {MetricError} when a length is wrong */
export function scalarProbe(point: ProbePoint, xi: ArrayLike<number>, eta: ArrayLike<number>): number {
  return directionalRm(point.field, point.x, inFrame(point, xi), inFrame(point, eta));
}

/** One estimate of Ric(w,w) for a vector w [d], from eta [d] of covariance I. @throws {MetricError} when a length is wrong */
export function ricciProbe(point: ProbePoint, w: ArrayLike<number>, eta: ArrayLike<number>): number {
  return directionalRm(point.field, point.x, w, inFrame(point, eta));
}

/** The size of Rm beyond which `penaltyProbe` grows linearly. */
export interface PenaltyOptions {
  /** Huber's threshold on |Rm|; Infinity (default) keeps the square and so the estimate unbiased. */
  readonly huber?: number;
}

/**
 * One estimate of E[Rm(u,v,u,v)^2] from standard normals xi, eta [d]: Rm^2, or 2 c |Rm| - c^2 where |Rm| > c = huber.
 * @throws {MetricError} when a length is wrong or the threshold is not positive
 */
export function penaltyProbe(point: ProbePoint, normals: ProbeNormals, { huber = Infinity }: PenaltyOptions = {}): number {
  if (!(huber > 0)) throw new MetricError('penaltyProbe', 'huber', 'a positive number', String(huber));
  const size = Math.abs(scalarProbe(point, normals.xi, normals.eta));
  return size <= huber ? size * size : huber * (2 * size - huber);
}

/** Two vectors of independent standard normals [d]. */
export interface ProbeNormals {
  readonly xi: ArrayLike<number>;
  readonly eta: ArrayLike<number>;
}

/** Signs +1 and -1 from uniform numbers in (0, 1). */
export function signsOf(uniforms: ArrayLike<number>): Float64Array {
  return Float64Array.from(uniforms, (entry) => (entry < 0.5 ? -1 : 1));
}

function inFrame({ frame, metric: { dimension: d } }: ProbePoint, xi: ArrayLike<number>): Float64Array {
  requireLength('probe', 'xi', xi, d, `[${d}]`);
  return matmul(frame, Float64Array.from(xi), { m: d, k: d, n: 1 });
}
