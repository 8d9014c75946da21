/**
 * Which events of a run have been shown. A coordinator that comes back reads its events from a file that may lack the newest of those it
 * has sent, and gives their numbers to others; so the watch begins a little earlier, and what was shown is not shown again.
 */
import type { RunEvent } from '@geodesic/wire';

/** Events that a coordinator can have sent and not written when it is killed: far fewer than this. */
const REMEMBERED = 256;

/** The newest events that were shown. */
export class ShownEvents {
  #shown: { readonly sequence: number; readonly key: string }[] = [];
  /** Where to begin while nothing was shown. */
  #first: number;

  /** @param first the first number of interest */
  constructor(first = 1) {
    this.#first = first;
  }

  /** Where a watch is to begin, so that nothing is missed. */
  get from(): number {
    return Math.min(this.#first, ...this.#shown.map(({ sequence }) => sequence));
  }

  /** Takes an event; false when it has been shown before. */
  take(event: RunEvent): boolean {
    const key = keyOf(event);
    if (this.#shown.some((shown) => shown.key === key)) return false;
    this.#first = Infinity;
    this.#shown = [...this.#shown, { sequence: event.sequence, key }].slice(-REMEMBERED);
    return true;
  }
}

/** Steps are told once, by whichever coordinator; everything else happens at a time. */
function keyOf({ type, at, data }: RunEvent): string {
  const isOfLog =
    type.startsWith('step.') || type.startsWith('evaluation') || type === 'curvature.refreshed' || type === 'checkpoint.written';
  const { step, attempt, phase, split } = data;
  return JSON.stringify(isOfLog ? [type, step, attempt, phase, split] : [type, at, data]);
}
