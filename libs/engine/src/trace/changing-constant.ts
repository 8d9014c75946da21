/**
 * Where in a function a constant is made that changes between calls. Only a refused function is searched: it is traced twice more,
 * the constants of both traces are compared in the order in which they are made, and the stack of the first that differs is told.
 */
import type { ConstantListener } from './recorder.ts';

/** Ops, scopes and lowerings stand between a constant and the line of the user that made it. */
const FRAMES = 60;

/** The frames of the first constant that changes between two runs of `record`, or undefined when none does. */
export function changingConstant(record: (onConstant: ConstantListener) => void): string | undefined {
  const first: ArrayLike<number>[] = [];
  record((values) => void first.push(values));
  let count = 0;
  let found: string | undefined;
  record((values) => {
    if (found === undefined && !sameNumbers(values, first[count] ?? [])) found = callers();
    count++;
  });
  return found;
}

function callers(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = limit;
  return stack.split('\n').slice(1).join('\n');
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));
}
