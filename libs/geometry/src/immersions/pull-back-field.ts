/**
 * Pull-backs of metrics by smooth maps: of a chart transition (the same manifold in other coordinates, so that curvature stays) or of a
 * feature map R^k -> R^D (the geometry that the representation gives to its inputs).
 *   g_x = J^T g_y J,   y = phi(x), J = d phi / dx;   g_y = I without a target
 * Derivatives of J come from jets with tangents: a 2-jet of g_x takes third derivatives of phi, without more code.
 * Source: golden/05; spec A3, A4.
 */
import { matmul } from '@geodesic/linalg';
import { MetricError } from '../errors.ts';
import { requirePoint, metricField, type MetricField } from '../fields/metric-field.ts';
import { MatrixMetric } from '../fields/matrix-metric.ts';
import { matrixProduct, transposed } from '../jets/jet-functions.ts';
import { imageOf, jacobian, withJacobian, type SmoothMap } from '../jets/smooth-map.ts';
import { squaredLength } from '../metric.ts';

/**
 * The pull-back of `target` (default Euclidean) by a map. It is a metric where J has full column rank. Evaluations: (1 + k) times the
 * channels asked for.
 * @throws {MetricError} when the map does not end in the chart of the target
 */
export function pullBackField(map: SmoothMap, target?: MetricField): MetricField {
  const [k, d] = [map.inputs, map.outputs];
  if (target && target.dimension !== d) throw new MetricError('pullBackField', 'target', `dimension ${d}`, String(target.dimension));
  return metricField(k, (x) => {
    const { image, jacobian } = withJacobian(map, x);
    const measured = target ? matrixProduct(target.matrix(image), jacobian, { m: d, p: d, n: k }) : jacobian;
    return matrixProduct(transposed(jacobian, d, k), measured, { m: k, p: d, n: k });
  });
}

/** The metrics on both sides of a map. */
export interface MappedMetrics {
  readonly source: MetricField;
  readonly target: MetricField;
}

/**
 * The volume distortion 1/2 ln det g_target(phi x) + ln |J| - 1/2 ln det g_source(x), in nats, with ln |J| = 1/2 ln det of the pull-back
 * less that of the target: zero everywhere iff phi preserves Riemannian volume. For maps into more dimensions it compares with the
 * volume of the image.
 * @throws {MetricError | NotPositiveDefiniteError} where a metric is none or J has not full column rank
 * @see spec A6, `map`
 */
export function volumeDistortion(map: SmoothMap, { source, target }: MappedMetrics, x: ArrayLike<number>): number {
  const point = requirePoint('volumeDistortion', 'x', source, x);
  return (pullBackField(map, target).at(point).logDet() - source.at(point).logDet()) / 2;
}

/** ln |det J| = 1/2 ln det J^T J, in nats. @throws {NotPositiveDefiniteError} where J has not full column rank */
export function logVolumeFactor(map: SmoothMap, x: ArrayLike<number>): number {
  const [k, d] = [map.inputs, map.outputs];
  const J = jacobian(map, x);
  return new MatrixMetric(matmul(J, J, { m: k, k: d, n: k, transposeA: true }), k).logDet() / 2;
}

/**
 * The isometry defect of a map along v [k]: (v^T g_source v - (J v)^T g_target (J v))^2 / (v^T g_source v)^2.
 * @throws {MetricError | NotPositiveDefiniteError} where a metric is none
 * @see spec A3, L_iso
 */
export function isometryDefect(map: SmoothMap, { source, target }: MappedMetrics, x: ArrayLike<number>, v: ArrayLike<number>): number {
  const point = requirePoint('isometryDefect', 'x', source, x);
  const direction = requirePoint('isometryDefect', 'v', source, v);
  const pushed = matmul(jacobian(map, point), direction, { m: map.outputs, k: map.inputs, n: 1 });
  const [before, after] = [squaredLength(source.at(point), direction), squaredLength(target.at(imageOf(map, point)), pushed)];
  return ((before - after) / before) ** 2;
}
