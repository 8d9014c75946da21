/**
 * What every request of a step carries beside what its asker knows: the attempt that it belongs to, and an index that tells it from
 * earlier requests of the same program in that attempt, whoever asked for those.
 */
import type { Rejection, RoundRequest, Rounds, RoundTotals } from './rounds.ts';

/** The same computation with changed requests; what is thrown into it reaches it. */
export function* withRequests<T>(rounds: Rounds<T>, change: (request: RoundRequest) => RoundRequest): Rounds<T> {
  let next = rounds.next();
  while (next.done !== true) {
    let totals: RoundTotals;
    try {
      totals = yield change(next.value);
    } catch (error) {
      next = rounds.throw(error);
      continue;
    }
    next = rounds.next(totals);
  }
  return next.value;
}

/** Numbers the rounds of a step: an index is raised where an earlier request of the program and attempt has taken it; who says no attempt is in the present one. */
export function numbered<T>(rounds: Rounds<T>): Rounds<T> {
  const free = new Map<string, number>();
  let present = 0;
  return withRequests(rounds, (request) => {
    present = request.attempt ?? present;
    const key = `${present}/${request.program}`;
    const index = Math.max(request.index ?? 0, free.get(key) ?? 0);
    free.set(key, index + 1);
    const isRaised = index !== (request.index ?? 0);
    return { ...request, ...(present > 0 && { attempt: present }), ...(isRaised && { index }) };
  });
}

/** Marks the requests of an attempt; the first one says why the attempt before it was given up. */
export function inAttempt<T>(
  rounds: Rounds<T>,
  { attempt, rejected }: { readonly attempt: number; readonly rejected?: Rejection | undefined },
): Rounds<T> {
  let news = rejected;
  return withRequests(rounds, (request) => {
    const marked = { ...request, attempt, ...(news && { rejected: news }) };
    news = undefined;
    return marked;
  });
}
