/**
 * From what went wrong inside a user's function to an error that says which op it was, where it stands and what to do instead.
 */
import { TraceError } from '@geodesic/engine/trace';
import { UserModelError } from '../errors.ts';
import { placeOf } from './place.ts';

/** Whose code runs. */
export interface UserCode {
  /** What is called, for messages: `forward of my-model.mjs`. */
  readonly subject: string;
  /** The module and the files that it imports by relative paths. */
  readonly files: readonly string[];
}

/** V8 keeps 10 frames by default; ops and layers of tfjs are nested deeper than that. */
const FRAMES = 100;

/** Runs a user's function. @throws {UserModelError} for anything that it throws, with the place in the user's files */
export function explained<T>(code: UserCode, body: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  try {
    return body();
  } catch (error) {
    throw explain(code, error);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The error to show for what a user's function threw; a UserModelError stays as it is. */
export function explain({ subject, files }: UserCode, error: unknown): UserModelError {
  if (error instanceof UserModelError) return error;
  const found = placeOf(error, files);
  const place = found === undefined ? {} : { place: found };
  if (error instanceof TraceError) {
    const { op, shape, expected, got, remedy } = error;
    const what = shape === undefined ? op : `${op} [${shape.join(',')}]`;
    return new UserModelError({ subject: `${subject}: ${what}`, expected, got, remedy, ...place, cause: error });
  }
  const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new UserModelError({ subject, expected: 'it to return', got, remedy: 'mend the function', ...place, cause: error });
}
