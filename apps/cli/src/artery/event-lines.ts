/**
 * The lines of an events.ndjson.
 */
import type { RunEvent } from '@geodesic/wire';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';

/** An event; undefined where the line is none. */
export function parsedEvent(line: string): RunEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {CliError} EVENTS_CORRUPT, exit code 1 */
export function corruptEvents(place: string, expected: string, line: string): never {
  const got = line.length > 60 ? `${line.slice(0, 59)}…` : line;
  const hint = 'the file was changed or cut; the commit log is the truth about the run, and measurements.ndjson has its numbers';
  const message = `${place}: expected ${expected}, got ${JSON.stringify(got)}`;
  throw new CliError({ code: 'EVENTS_CORRUPT', message, hint, exitCode: EXIT.failed });
}

function isEvent(value: unknown): value is RunEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, type, at, data } = value as Readonly<Record<string, unknown>>;
  return Number.isSafeInteger(sequence) && typeof type === 'string' && typeof at === 'string' && typeof data === 'object' && data !== null;
}
