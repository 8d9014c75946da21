/** Errors of this library: a caller handed over shapes or names that do not fit. */

/** Shapes that do not go together, are no shapes, or do not describe the data beside them. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
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

/** A layout that has no such entry, has it twice, or does not describe the vector beside it. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
  readonly operation: string;
  /** Name of the entry. */
  readonly entry: string;

  constructor(operation: string, entry: string, expected: string, got: string) {
    super(`${operation}: ${entry}: expected ${expected}, got ${got}`);
    this.operation = operation;
    this.entry = entry;
  }
}
