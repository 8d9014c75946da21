/** Errors of this library. A matrix that is not positive definite is the NotPositiveDefiniteError of @geodesic/linalg. */

/** Parts that make no metric: a length or a value that does not fit. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  readonly operation: string;
  /** The argument at fault. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;

  constructor(operation: string, field: string, expected: string, got: string) {
    super(`${operation}: ${field}: expected ${expected}, got ${got}`);
    this.operation = operation;
    this.field = field;
    this.expected = expected;
    this.got = got;
  }
}

/** @throws {MetricError} unless `array` has `length` entries; `shape` says in words what they are */
export function requireLength(operation: string, field: string, array: ArrayLike<number>, length: number, shape: string): void {
  if (array.length !== length) throw new MetricError(operation, field, `${length} entries ${shape}`, `${array.length}`);
}
