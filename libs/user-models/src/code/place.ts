/**
 * Where in a user's code an error came from: the innermost frame of its stack that stands in one of the user's files.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Stack frames of V8 end in `(file:line:column)` or `file:line:column`; a query marks a second copy of a module. */
const FRAME = /(?:\(|at |^)((?:file:\/\/)?[^()]*?)(?:\?[^:()]*)?:(\d+):(\d+)\)?$/;

/** `file:line:column`, or undefined when no frame is in one of `files` (absolute paths). */
export function placeOf(error: unknown, files: readonly string[]): string | undefined {
  // Stacks name files by their real paths.
  const known = new Set(files.flatMap((file) => [file, realpathSync(file)]));
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const line of stack.split('\n')) {
    const [, location, row, column] = FRAME.exec(line.trim()) ?? [];
    if (location === undefined) continue;
    const file = location.startsWith('file://') ? fileURLToPath(location) : location.replace(/^async /, '');
    if (known.has(file)) return `${file}:${row}:${column}`;
  }
  return undefined;
}
