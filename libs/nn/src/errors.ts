/** Errors of this library. */

/** A model and the run spec do not fit together: the user can mend it. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** The layer, parameter or field at fault. */
  readonly subject: string;

  constructor(subject: string, expected: string, got: string) {
    super(`model: ${subject}: expected ${expected}, got ${got}`);
    this.subject = subject;
  }
}
