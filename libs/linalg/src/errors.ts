/** Errors of this library. */

/** A matrix that was to be factored is not symmetric positive definite. */
export class NotPositiveDefiniteError extends Error {
  override readonly name = 'NotPositiveDefiniteError';
  /** Row at which the factorisation broke down. */
  readonly pivot: number;
  /** The value that should have been positive. */
  readonly value: number;

  constructor(operation: string, pivot: number, value: number) {
    super(`${operation}: expected a positive pivot in row ${pivot}, got ${value} (the matrix is not positive definite; add damping)`);
    this.pivot = pivot;
    this.value = value;
  }
}

/** An array whose length does not fit the sizes given with it. */
export class MatrixSizeError extends Error {
  override readonly name = 'MatrixSizeError';

  constructor(operation: string, expected: number, got: number) {
    super(`${operation}: expected ${expected} entries, got ${got}`);
  }
}

/** An iteration that did not converge. */
export class ConvergenceError extends Error {
  override readonly name = 'ConvergenceError';

  constructor(operation: string, iterations: number) {
    super(`${operation}: expected convergence within ${iterations} iterations, got none (are all entries finite?)`);
  }
}
