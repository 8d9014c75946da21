/**
 * A metric at a point from its matrix g [d, d], and its orthonormal frames. For small d: everything is dense.
 */
import { cholesky, choleskySolve, logDetFromCholesky, matmul, symmetricEigen } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';
import type { Metric } from '../metric.ts';

/** A metric by its matrix. O(d^3 / 6) to build, O(d^2) for each vector. It keeps the array that it is given. */
export class MatrixMetric implements Metric {
  readonly dimension: number;
  readonly #g: Float64Array;
  readonly #root: Float64Array;

  /** @throws {MetricError | NotPositiveDefiniteError} when the length is wrong, or g (its lower triangle) is not positive definite */
  constructor(g: Float64Array, dimension: number) {
    requireLength('MatrixMetric', 'g', g, dimension * dimension, `[${dimension}, ${dimension}]`);
    this.dimension = dimension;
    this.#g = g;
    this.#root = cholesky(g, dimension);
  }

  multiply(v: Float64Array, columns = 1): Float64Array {
    requireLength('MatrixMetric.multiply', 'v', v, this.dimension * columns, `[${this.dimension}, ${columns}]`);
    return matmul(this.#g, v, { m: this.dimension, k: this.dimension, n: columns });
  }

  solve(v: Float64Array, columns = 1): Float64Array {
    requireLength('MatrixMetric.solve', 'v', v, this.dimension * columns, `[${this.dimension}, ${columns}]`);
    return choleskySolve(this.#root, this.dimension, v, columns);
  }

  logDet(): number {
    return logDetFromCholesky(this.#root, this.dimension);
  }

  toDense(): Float64Array {
    return this.#g.slice();
  }
}

/**
 * The symmetric frame E = g^(-1/2) [d, d]: its columns are orthonormal, E^T g E = I, so that E xi has covariance g^-1 for any xi of
 * covariance I. O(d^3).
 * @throws {MetricError} when g is not positive definite
 */
export function orthonormalFrame(metric: Metric): Float64Array {
  const d = metric.dimension;
  const { values, vectors } = symmetricEigen(metric.toDense(), d);
  if (!(values[0] > 0)) throw new MetricError('orthonormalFrame', 'metric', 'a positive definite matrix', `eigenvalue ${values[0]}`);
  const scaled = vectors.map((entry, at) => entry / Math.sqrt(values[at % d]));
  return matmul(scaled, vectors, { m: d, k: d, n: d, transposeB: true });
}
