/** Errors of this library. */

/** A seed, a path, a counter or a count that no random numbers can be drawn for. */
export class RandomnessError extends Error {
  override readonly name = 'RandomnessError';
  readonly operation: string;
  readonly expected: string;
  readonly got: string;

  constructor(operation: string, expected: string, got: string) {
    super(`${operation}: expected ${expected}, got ${got}`);
    this.operation = operation;
    this.expected = expected;
    this.got = got;
  }
}
