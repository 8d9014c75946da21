/**
 * Several computations that need rounds, side by side: what they ask for at the same time becomes one round, with all their vectors.
 */
import type { RoundRequest, Rounds, RoundTotals } from '../rounds.ts';
import { isRounds } from '../rounds.ts';

/**
 * Runs the computations together and returns their results in order. Requests that stand open at the same time are merged by program
 * and index; programs go in the order in which they were first asked for.
 */
export function* inLockstep<T>(computations: readonly (T | Rounds<T>)[]): Rounds<T[]> {
  const results: T[] = Array.from({ length: computations.length });
  let waiting: Waiting<T>[] = [];
  const settle = (at: number, rounds: Rounds<T>, next: IteratorResult<RoundRequest, T>): void => {
    if (next.done === true) results[at] = next.value;
    else waiting.push({ at, rounds, request: next.value });
  };
  for (const [at, computation] of computations.entries()) {
    if (isRounds(computation)) settle(at, computation, computation.next());
    else results[at] = computation;
  }
  while (waiting.length > 0) {
    const open = waiting;
    waiting = [];
    for (const together of byProgram(open)) {
      const totals: RoundTotals = yield merged(together);
      for (const { at, rounds } of together) settle(at, rounds, rounds.next(totals));
    }
  }
  return results;
}

interface Waiting<T> {
  readonly at: number;
  readonly rounds: Rounds<T>;
  readonly request: RoundRequest;
}

function byProgram<T>(open: readonly Waiting<T>[]): Iterable<readonly Waiting<T>[]> {
  const groups = new Map<string, Waiting<T>[]>();
  for (const one of open) {
    const key = `${one.request.program}/${one.request.index ?? 0}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups.values();
}

function merged<T>(together: readonly Waiting<T>[]): RoundRequest {
  const [{ request }] = together;
  if (together.length === 1) return request;
  return { ...request, vectors: Object.assign({}, ...together.map((one) => one.request.vectors)) as RoundRequest['vectors'] & object };
}
