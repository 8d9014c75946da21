/** Errors of this library: a caller handed over shapes or names that do not fit. */

/** Shapes that do not go together, or are no shapes. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';

  constructor(operation: string, expected: string, got: string) {
    super(`${operation}: expected ${expected}, got ${got}`);
  }
}

/** A layout that has no such entry, or has it twice. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
  /** Name of the entry. */
  readonly entry: string;

  constructor(operation: string, entry: string, expected: string, got: string) {
    super(`${operation}: ${entry}: expected ${expected}, got ${got}`);
    this.entry = entry;
  }
}
