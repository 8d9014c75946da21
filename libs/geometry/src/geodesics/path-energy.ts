/**
 * The energy of a path of N straight segments with the metric at their midpoints, and its derivatives by the points:
 *   E = sum over k of N/2 dx_k^T g(m_k) dx_k,   dx_k = x_(k+1) - x_k,  m_k = (x_k + x_(k+1)) / 2
 *   length = sum of sqrt(dx_k^T g(m_k) dx_k) <= sqrt(2 E)
 * Its minimum over the interior points is a discrete geodesic in N equal parts, and sqrt(2 E) its length. Source: golden/05; spec A4.
 * Legend: N segments, N + 1 points, each [d]; paths are [N + 1, d] row-major. With w = dx the derivatives of a segment's energy e are
 *   by m: N/2 w^T dg w, by w: N g w;  by m, m: N/2 w^T ddg w, by w, m: N dg w, by w, w: N g
 */
import { MetricError } from '../errors.ts';
import type { MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { dot, squaredLength } from '../metric.ts';
import type { BlockTridiagonal } from './block-tridiagonal.ts';

/** Energy and length of a path [N + 1, d]. N evaluations of the metric. @throws {MetricError} when it has not two points of d numbers */
export function measurePath(field: MetricField, path: Float64Array): { readonly energy: number; readonly length: number } {
  const segments = segmentsOf('measurePath', field, path);
  let [energy, length] = [0, 0];
  for (let k = 0; k < segments; k++) {
    const { middle, step } = segment(path, k, field.dimension);
    const squared = squaredLength(field.at(middle), step);
    energy += (segments / 2) * squared;
    length += Math.sqrt(squared);
  }
  return { energy, length };
}

/** Derivatives of the energy by the N - 1 interior points. */
export interface PathDerivatives {
  /** [(N - 1) d]. */
  readonly gradient: Float64Array;
  readonly hessian: BlockTridiagonal;
  /** The Hessian that a metric frozen at its midpoints would have: always positive definite. */
  readonly stiffness: BlockTridiagonal;
}

/** The derivatives at a path. N 2-jets in d directions, O(N d^3). @throws {MetricError} when it has not two points of d numbers */
export function pathDerivatives(field: MetricField, path: Float64Array): PathDerivatives {
  const d = field.dimension;
  const segments = segmentsOf('pathDerivatives', field, path);
  const gradient = new Float64Array((segments - 1) * d);
  const [hessian, stiffness] = [emptyBlocks(d, segments - 1), emptyBlocks(d, segments - 1)];
  for (let k = 0; k < segments; k++) {
    const derivatives = segmentDerivatives(field, path, k);
    // Interior point j is point j + 1 of the path; segment k runs from interior point k - 1 to k.
    const [hasStart, hasEnd] = [k > 0, k < segments - 1];
    if (hasStart) add(gradient.subarray((k - 1) * d, k * d), derivatives.byStart);
    if (hasEnd) add(gradient.subarray(k * d, (k + 1) * d), derivatives.byEnd);
    for (const [target, block] of [
      [hessian, derivatives.block],
      [stiffness, derivatives.frozenBlock],
    ] as const) {
      if (hasStart) add(target.diagonal[k - 1], block(-1, -1));
      if (hasEnd) add(target.diagonal[k], block(1, 1));
      if (hasStart && hasEnd) add(target.below[k - 1], block(1, -1));
    }
  }
  return { gradient, hessian, stiffness };
}

/** Minus the derivative of the energy by the first point, a covector [d]: the momentum with which the path starts. O(h^2) accurate. */
export function startingMomentum(field: MetricField, path: Float64Array): Float64Array {
  segmentsOf('startingMomentum', field, path);
  return segmentDerivatives(field, path, 0).byStart.map((entry) => -entry);
}

/** A block of second derivatives by two ends of a segment, each -1 for its start and +1 for its end: [d, d], rows first. */
type Block = (row: -1 | 1, column: -1 | 1) => Float64Array;

interface SegmentDerivatives {
  readonly byStart: Float64Array;
  readonly byEnd: Float64Array;
  readonly block: Block;
  readonly frozenBlock: Block;
}

function segmentDerivatives(field: MetricField, path: Float64Array, k: number): SegmentDerivatives {
  const d = field.dimension;
  const count = path.length / d - 1;
  const { middle, step } = segment(path, k, d);
  const product = field.apply(Jet.at(middle, 2), [step]);
  const g = field.at(middle).toDense();
  const slope = Float64Array.from(step, (_, a) => (count / 2) * dot(step, product.derivative(a)));
  const pull = product.values.map((entry) => count * entry);
  // The start moves m by 1/2 and w by -1, the end m by 1/2 and w by +1.
  const frozenBlock: Block = (row, column) => g.map((entry) => count * row * column * entry);
  const block: Block = (row, column) =>
    frozenBlock(row, column).map((entry, at) => {
      const [i, j] = [Math.floor(at / d), at % d];
      const bend = (count / 2) * dot(step, product.derivative(i, j));
      const mixed = row * product.derivative(j)[i] + column * product.derivative(i)[j];
      return entry + bend / 4 + (count * mixed) / 2;
    });
  return {
    byStart: slope.map((entry, i) => entry / 2 - pull[i]),
    byEnd: slope.map((entry, i) => entry / 2 + pull[i]),
    block,
    frozenBlock,
  };
}

function emptyBlocks(size: number, count: number): BlockTridiagonal {
  const blocks = (n: number): Float64Array[] => Array.from({ length: n }, () => new Float64Array(size * size));
  return { size, diagonal: blocks(count), below: blocks(Math.max(0, count - 1)) };
}

function segment(path: Float64Array, k: number, d: number): { readonly middle: Float64Array; readonly step: Float64Array } {
  const [a, b] = [path.subarray(k * d, (k + 1) * d), path.subarray((k + 1) * d, (k + 2) * d)];
  return { middle: a.map((entry, i) => (entry + b[i]) / 2), step: a.map((entry, i) => b[i] - entry) };
}

function segmentsOf(operation: string, { dimension }: MetricField, path: Float64Array): number {
  const points = path.length / dimension;
  if (!Number.isSafeInteger(points) || points < 2)
    throw new MetricError(operation, 'path', `at least 2 points of ${dimension} entries`, `${path.length} entries`);
  return points - 1;
}

function add(target: Float64Array, term: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += term[i];
}
