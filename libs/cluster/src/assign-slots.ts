/**
 * Who computes which slots: the uncovered slots, ascending, are cut into one contiguous share for each worker in code-unit order, so large
 * that all should be done at the same time. Between workers of one speed shares differ by at most one slot. The bits do not depend on it.
 */
import { coverSlots } from './block.ts';
import type { Block } from './block.ts';

/** Options of {@link assignSlots}. */
export interface SlotAssignment {
  readonly workers: readonly string[];
  readonly uncovered: readonly number[];
  /** What a slot costs at a worker, above 0; default 1. */
  readonly cost?: (worker: string) => number;
  /** Whether a worker gets a slot even where it is too slow to deserve one; default never. */
  readonly isDue?: (worker: string) => boolean;
}

/** The blocks of every worker, in code-unit order of the names; a worker without a share has an empty list. */
export function assignSlots(options: SlotAssignment): Map<string, Block[]> {
  const workers = [...new Set(options.workers)].sort();
  const slots = [...new Set(options.uncovered)].sort((a, b) => a - b);
  const counts = shareSizes(workers.map(options.cost ?? ((): number => 1)), slots.length);
  workers.forEach((worker, index) => {
    const largest = counts.indexOf(Math.max(...counts));
    if (counts[index] > 0 || counts[largest] < 2 || options.isDue?.(worker) !== true) return;
    counts[largest] -= 1;
    counts[index] = 1;
  });
  let next = 0;
  return new Map(workers.map((worker, index) => [worker, coverSlots(slots.slice(next, (next += counts[index])))]));
}

/** How many of `total` slots each worker gets: in proportion to its speed, what is left to whoever would be done first. O(workers^2). */
function shareSizes(costs: readonly number[], total: number): number[] {
  const speed = costs.reduce((sum, cost) => sum + 1 / cost, 0);
  const counts = costs.map((cost) => Math.floor(total / cost / speed));
  for (let left = total - counts.reduce((sum, count) => sum + count, 0); left > 0 && costs.length > 0; left -= 1) {
    const finish = counts.map((count, index) => (count + 1) * costs[index]);
    // Ties go to the last names.
    counts[finish.lastIndexOf(Math.min(...finish))] += 1;
  }
  return counts;
}
