/**
 * The theorem of Gauss and Bonnet on a region of a surface, each term by quadrature:
 *   integral of K dA + integral of k_g ds + sum of exterior angles = 2 pi chi
 * An end-to-end check of metric, volume and curvature together, and a read-out of how local curvature makes the global.
 *   k_g ds = sqrt(det g) (c'^1 a^2 - c'^2 a^1) / |c'|^2 dt,   a = c'' + Gamma(c',c')   along a boundary curve c(t)
 * Source: do Carmo 1976, 4-5; spec A4 "Local -> global".
 */
import { MetricError } from '../errors.ts';
import { connectionTerm, directionalRm } from '../curvature/directional-curvature.ts';
import type { MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { evaluateChecked, type SmoothMap } from '../jets/smooth-map.ts';
import { dot } from '../metric.ts';
import { gaussLegendre } from './gauss-legendre.ts';
import type { PlanarRegion } from './planar-region.ts';

/** Gauss-Legendre nodes along a side of a patch and along a boundary piece. */
export interface GaussBonnetOptions {
  /** Default 24. */
  readonly nodes?: number;
  /** Default 64. */
  readonly boundaryNodes?: number;
}

/** The three terms, their sum, and what it should be; in radians. */
export interface GaussBonnet {
  /** Integral of K dA. */
  readonly curvature: number;
  /** Integral of k_g ds. */
  readonly boundary: number;
  /** Sum of exterior angles. */
  readonly corners: number;
  readonly total: number;
  /** 2 pi chi. */
  readonly expected: number;
  /** Integral of dA. */
  readonly area: number;
}

/**
 * The terms over a region. patches nodes^2 directional curvatures.
 * @throws {MetricError} when the field is not of dimension 2, or a patch turns the region over (its loop runs clockwise)
 * @throws {NotPositiveDefiniteError} where there is no metric
 */
export function gaussBonnet(field: MetricField, region: PlanarRegion, options: GaussBonnetOptions = {}): GaussBonnet {
  if (field.dimension !== 2) throw new MetricError('gaussBonnet', 'field', 'dimension 2', String(field.dimension));
  const { nodes = 24, boundaryNodes = 64 } = options;
  let [curvature, area, boundary, corners] = [0, 0, 0, 0];
  for (const patch of region.patches) {
    const part = overPatch(field, patch, nodes);
    curvature += part.curvature;
    area += part.area;
  }
  for (const loop of region.loops)
    loop.forEach((piece, k) => {
      boundary += geodesicCurvature(field, piece, boundaryNodes);
      corners += exteriorAngle(field, piece, loop[(k + 1) % loop.length]);
    });
  return { curvature, boundary, corners, area, total: curvature + boundary + corners, expected: 2 * Math.PI * region.eulerCharacteristic };
}

/** The Gaussian curvature K of a surface at x. @throws {MetricError | NotPositiveDefiniteError} where there is none */
export function gaussCurvature(field: MetricField, x: ArrayLike<number>): number {
  if (field.dimension !== 2) throw new MetricError('gaussCurvature', 'field', 'dimension 2', String(field.dimension));
  return directionalRm(field, x, [1, 0], [0, 1]) / Math.exp(field.at(Float64Array.from(x)).logDet());
}

/** The integral of k_g ds along a boundary piece, the region on its left. @throws {MetricError | NotPositiveDefiniteError} */
export function geodesicCurvature(field: MetricField, curve: SmoothMap, nodes = 64): number {
  const rule = gaussLegendre(nodes);
  let sum = 0;
  rule.nodes.forEach((t, at) => {
    const c = evaluateChecked(curve, Jet.at([t], 2));
    const [x, velocity] = [c.values, c.derivative(0)];
    const metric = field.at(x);
    const bend = connectionTerm(field, x, velocity, velocity).map((entry, i) => entry + c.derivative(0, 0)[i]);
    const turn = Math.exp(metric.logDet() / 2) * cross(velocity, bend);
    sum += (rule.weights[at] * turn) / dot(velocity, metric.multiply(velocity));
  });
  return sum;
}

function overPatch(field: MetricField, patch: SmoothMap, nodes: number): { readonly curvature: number; readonly area: number } {
  const rule = gaussLegendre(nodes);
  let [curvature, area] = [0, 0];
  rule.nodes.forEach((s, row) =>
    rule.nodes.forEach((t, column) => {
      const point = evaluateChecked(patch, Jet.at([s, t], 1));
      const stretch = cross(point.derivative(0), point.derivative(1));
      if (!(stretch > 0))
        throw new MetricError('gaussBonnet', 'region', 'loops with the region on their left', `a patch of determinant ${stretch}`);
      const weight = rule.weights[row] * rule.weights[column] * stretch;
      const root = Math.exp(field.at(point.values).logDet() / 2);
      area += weight * root;
      curvature += (weight * directionalRm(field, point.values, [1, 0], [0, 1])) / root;
    }),
  );
  return { curvature, area };
}

/** The angle in (-pi, pi] from the end of one piece to the start of the next. */
function exteriorAngle(field: MetricField, piece: SmoothMap, next: SmoothMap): number {
  const end = evaluateChecked(piece, Jet.at([1], 1));
  const [before, after] = [end.derivative(0), evaluateChecked(next, Jet.at([0], 1)).derivative(0)];
  const metric = field.at(end.values);
  return Math.atan2(Math.exp(metric.logDet() / 2) * cross(before, after), dot(before, metric.multiply(after)));
}

function cross(a: Float64Array, b: Float64Array): number {
  return a[0] * b[1] - a[1] * b[0];
}
