/**
 * What goes wrong between two processes. A WireError has a stable string code that survives the network (status.ts maps
 * it to a gRPC status), a message `operation: expected X, got Y` and a hint that says what to do.
 */

/** The stable codes. A program may branch on them; people read the message and the hint. */
export type WireErrorCode =
  | 'UNREACHABLE' // no process answers at the address, or the connection broke
  | 'DEADLINE' // no answer in time
  | 'INVALID' // a malformed request
  | 'NOT_FOUND' // no such run or object
  | 'BUSY' // the coordinator has another run
  | 'REFUSED' // understood, but not allowed in the present state
  | 'NOT_LEADER' // another coordinator of the cluster leads: the hint names it (not-leader.ts)
  | 'CORRUPT' // a checksum, offset or length disagrees
  | 'BUNDLE' // the submitted bundle cannot be run
  | 'PORT_IN_USE' // another process listens at the address
  | 'INTERNAL'; // a broken invariant on the other side

/** An error of the network, or one that came over it. */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** What happened, stable across versions. */
  readonly code: WireErrorCode;
  /** What to do about it; may be empty. */
  readonly hint: string;

  constructor(code: WireErrorCode, message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** Returns any thrown value as a WireError; a foreign error becomes INTERNAL with the original as its cause. */
export function asWireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new WireError('INTERNAL', message, 'this is a defect: please report it with the logs', { cause: error });
}
