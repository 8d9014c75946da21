/** The error of this library: a record of a run that cannot be read. */

/** A line in the middle of a measurements file is not a record; a torn last line is no error (see `parseMeasurements`). */
export class MeasurementsError extends Error {
  override readonly name = 'MeasurementsError';
  readonly code = 'MEASUREMENTS_INVALID';
  /** 1-based number of the line at fault. */
  readonly line: number;

  constructor(line: number, got: string) {
    super(`parseMeasurements: expected a JSON object with a step on line ${line}, got ${got} (the file was edited or damaged)`);
    this.line = line;
  }
}
