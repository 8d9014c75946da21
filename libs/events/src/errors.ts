/** The error of this library: NATS cannot be reached or refuses, or somebody else leads. */

/**
 * `OPTIONS`: the configuration is wrong; `UNREACHABLE`: no server answers; `CREDENTIALS`: the server does not accept who this is;
 * `PERMISSION`: it does not allow this user what was asked; `NO_JETSTREAM`: it keeps no streams; `STREAM`: a stream is there with another
 * configuration, or cannot be made; `TOO_LARGE`: a message is larger than the server takes; `INVALID`: what was received is none of ours;
 * `CORRUPT`: an object's bytes are not those of its name; `MISSING`: nobody has the object; `FENCED`: another leader has written.
 */
export type EventsErrorCode =
  | 'OPTIONS'
  | 'UNREACHABLE'
  | 'CREDENTIALS'
  | 'PERMISSION'
  | 'NO_JETSTREAM'
  | 'STREAM'
  | 'TOO_LARGE'
  | 'INVALID'
  | 'CORRUPT'
  | 'MISSING'
  | 'FENCED';

/** The fields of an {@link EventsError}. */
export interface EventsErrorFields {
  /** The field, subject or operation. */
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly hint: string;
  readonly cause?: unknown;
}

/** What was wrong, and what a person can do. */
export class EventsError extends Error {
  override readonly name = 'EventsError';
  readonly code: EventsErrorCode;
  readonly hint: string;

  constructor(code: EventsErrorCode, { what, expected, got, hint, cause }: EventsErrorFields) {
    super(`${what}: expected ${expected}, got ${got}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}
