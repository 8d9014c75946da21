/** The error of this library: a data set, an asset or a request for examples is not what it should be. */

/** What was wrong with the data, and where. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly code = 'DATA_INVALID';
  /** The file at fault, where there is one. */
  readonly file: string | undefined;
  readonly expected: string;
  readonly got: string;

  constructor(operation: string, { expected, got, hint, file }: { expected: string; got: string; hint: string; file?: string }) {
    super(`${operation}: expected ${expected}, got ${got} (${hint})`);
    this.expected = expected;
    this.got = got;
    this.file = file;
  }
}
