/**
 * Bounds by construction: unbounded outputs of a network become parts of a metric whose eigenvalues are known beforehand.
 *   D = dMin + (dMax - dMin) sigmoid(raw),   U = raw uMax / sqrt(uMax^2 + ||raw||_F^2)
 * give dMin I <= diag(D) + U U^T < (dMax + uMax^2) I. With the defaults the condition number stays below 1.9e4, safe in float32.
 */
import { MetricError } from './errors.ts';

/** Limits of the parts: entries of D in (dMin, dMax), Frobenius norm of U below uMax. */
export interface MetricBounds {
  /** Least eigenvalue; positive, default 1e-3. */
  readonly dMin: number;
  /** Largest entry of D; above dMin, default 10. */
  readonly dMax: number;
  /** Largest Frobenius norm of U; at least 0, default 3. */
  readonly uMax: number;
}

/** The default limits. */
export const defaultMetricBounds: MetricBounds = { dMin: 1e-3, dMax: 10, uMax: 3 };

/** Checks the limits and returns them. @throws {MetricError} when 0 < dMin < dMax < infinity or 0 <= uMax < infinity fails */
export function requireMetricBounds(bounds: MetricBounds): MetricBounds {
  const { dMin, dMax, uMax } = bounds;
  if (!(dMin > 0)) throw new MetricError('MetricBounds', 'dMin', 'a positive number', String(dMin));
  if (!(dMax > dMin && dMax < Infinity))
    throw new MetricError('MetricBounds', 'dMax', `a finite number above dMin = ${dMin}`, String(dMax));
  if (!(uMax >= 0 && uMax < Infinity)) throw new MetricError('MetricBounds', 'uMax', 'a finite number of at least 0', String(uMax));
  return bounds;
}

/** A positive diagonal from raw numbers [d], entry by entry through a sigmoid. @throws {MetricError} when the limits are unusable */
export function boundedDiagonal(raw: Float64Array, bounds: MetricBounds): Float64Array {
  const { dMin, dMax } = requireMetricBounds(bounds);
  return raw.map((entry) => dMin + (dMax - dMin) * sigmoid(entry));
}

/** A factor of Frobenius norm below uMax from raw numbers of any shape. @throws {MetricError} when the limits are unusable */
export function boundedFactor(raw: Float64Array, bounds: MetricBounds): Float64Array {
  const { uMax } = requireMetricBounds(bounds);
  if (uMax === 0) return new Float64Array(raw.length);
  const squares = raw.reduce((sum, entry) => sum + entry * entry, 0);
  const scale = uMax / Math.sqrt(uMax * uMax + squares);
  return raw.map((entry) => entry * scale);
}

/** What the limits promise of every metric built within them: its least and largest eigenvalue and its condition number. */
export function spectrumWithin(bounds: MetricBounds): { readonly lower: number; readonly upper: number; readonly condition: number } {
  const { dMin, dMax, uMax } = requireMetricBounds(bounds);
  const upper = dMax + uMax * uMax;
  return { lower: dMin, upper, condition: upper / dMin };
}

/** 1 / (1 + e^-x), without overflow on either side. */
function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}
