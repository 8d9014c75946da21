/**
 * Errors of the protocol logic. A peer's misbehaviour is never thrown: it is an action of a machine. What is thrown here is a
 * caller's broken invariant; the fields carry the data, the message says `operation: expected X, got Y`.
 */

/** A value handed to this library breaks its contract. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
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

/** Ends an exhaustive switch: the compiler proves that nothing gets here, untyped callers get an error. */
export function unreachable(operation: string, value: never): never {
  throw new ProtocolError(operation, 'a known case', JSON.stringify(value));
}
