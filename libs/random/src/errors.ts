/** Errors of this library. */

/** A key or a count that no random numbers can be drawn for. */
export class KeyError extends Error {
  override readonly name = 'KeyError';

  constructor(operation: string, expected: string, got: string) {
    super(`${operation}: expected ${expected}, got ${got}`);
  }
}
