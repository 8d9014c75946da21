/** Errors of this library: each is something that the author of a model can mend. */

/** What a {@link UserModelError} reports. */
export interface UserModelProblem {
  /** The file, layer, weight or field at fault. */
  readonly subject: string;
  readonly expected: string;
  readonly got: string;
  /** What to do. */
  readonly remedy: string;
  /** `file:line:column` in the user's code, where it is known. */
  readonly place?: string;
  readonly cause?: unknown;
}

/** A user's model cannot be trained as it is written. The message reads `model: <subject>: expected X, got Y (what to do), at <place>`. */
export class UserModelError extends Error {
  override readonly name = 'UserModelError';
  readonly subject: string;
  readonly remedy: string;
  readonly place: string | undefined;

  constructor({ subject, expected, got, remedy, place, cause }: UserModelProblem) {
    const at = place === undefined ? '' : `, at ${place}`;
    super(`model: ${subject}: expected ${expected}, got ${got} (${remedy})${at}`, cause === undefined ? undefined : { cause });
    this.subject = subject;
    this.remedy = remedy;
    this.place = place;
  }
}
