/**
 * Measurements: the numbers that a run records, as NDJSON, one object with a `step` a line.
 * Lines are appended whole, so the only damage that a crash leaves is a torn last line; readers report it and go on without it.
 * A number that is not finite is written as null, since JSON has no other word for it.
 */
import { MeasurementsError } from './errors.ts';

/** One line. Names are camelCase: trainLoss, trainAccuracy, damping, learningRate, volume, updateNorm; an evaluation says its `split`. */
export interface MeasurementRecord {
  /** The step after which the numbers hold; 0 is the initial state. */
  readonly step: number;
  readonly [name: string]: number | string | boolean | null;
}

/** Appends text to wherever the measurements live: a file handle's `appendFile`, an array, a socket. */
export type Append = (text: string) => Promise<unknown> | void;

/** Writes records in the order of the calls, one append at a time. */
export class MeasurementsWriter {
  readonly #append: Append;
  #last: Promise<unknown> = Promise.resolve();

  constructor(append: Append) {
    this.#append = append;
  }

  /** Appends one record; the promise is that of its own append, and a failed append does not stop later ones. */
  write(record: MeasurementRecord): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    const written = this.#appendAfter(this.#last, line);
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #appendAfter(previous: Promise<unknown>, line: string): Promise<void> {
    await previous;
    await this.#append(line);
  }

  /** Resolves when everything written so far has been appended, or has failed. */
  async flush(): Promise<void> {
    await this.#last;
  }
}

/** What a measurements file holds. */
export interface MeasurementsFile {
  readonly records: readonly MeasurementRecord[];
  /** UTF-8 bytes up to the end of the last whole line: a writer that goes on truncates to this length first. */
  readonly validBytes: number;
  /** The last line, where a crash tore it. */
  readonly torn?: string;
}

/**
 * Reads measurements.
 * @throws {MeasurementsError} when a line other than the last is not a record
 */
export function parseMeasurements(text: string): MeasurementsFile {
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end).split('\n').slice(0, -1);
  const records = lines.map((line, index) => parseRecord(line, index + 1));
  const whole = { records, validBytes: Buffer.byteLength(text.slice(0, end)) };
  return end === text.length ? whole : { ...whole, torn: text.slice(end) };
}

function parseRecord(line: string, number: number): MeasurementRecord {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    record = undefined;
  }
  if (typeof record !== 'object' || record === null || !Number.isInteger((record as MeasurementRecord).step)) {
    throw new MeasurementsError(number, JSON.stringify(line.slice(0, 80)));
  }
  return record as MeasurementRecord;
}
