/** Errors of this library: matrices that a factorisation cannot take. Wrong lengths are the ShapeError of @geodesic/tensor. */

/** A matrix that has no Cholesky factor; an input of the caller, or a sign that damping is too small. */
export class NotPositiveDefiniteError extends Error {
  override readonly name = 'NotPositiveDefiniteError';
  readonly operation: string;
  /** Row, from 0, at which elimination broke down: the leading block up to it is not positive definite. */
  readonly pivot: number;
  /** What remained on the diagonal there: zero, negative or not finite. */
  readonly value: number;

  constructor(operation: string, pivot: number, value: number) {
    super(`${operation}: expected a positive definite matrix, got pivot ${value} in row ${pivot} (symmetrise it or add to its diagonal)`);
    this.operation = operation;
    this.pivot = pivot;
    this.value = value;
  }
}

/** A matrix with an entry that is NaN or infinite. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError';
  readonly operation: string;
  /** Row and column, from 0. */
  readonly at: readonly [number, number];
  readonly value: number;

  constructor(operation: string, at: readonly [number, number], value: number) {
    super(`${operation}: expected finite entries, got ${value} at [${at.join(', ')}] (look for an overflow upstream)`);
    this.operation = operation;
    this.at = at;
    this.value = value;
  }
}

/** An iteration that did not settle, which finite symmetric input does not cause: an invariant of this library is broken. */
export class ConvergenceError extends Error {
  override readonly name = 'ConvergenceError';
  readonly operation: string;
  readonly iterations: number;

  constructor(operation: string, iterations: number) {
    super(`${operation}: expected convergence within ${iterations} iterations, got none (please report the matrix)`);
    this.operation = operation;
    this.iterations = iterations;
  }
}

/** LAPACK was asked for and is not there. */
export class LapackUnavailableError extends Error {
  override readonly name = 'LapackUnavailableError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`openLapack: expected koffi and a LAPACK library, got ${reason}`, options);
  }
}
