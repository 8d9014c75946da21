/**
 * Who computes which slots: the uncovered slots, ascending, are cut into one contiguous share for each worker in code-unit order, sizes
 * differing by at most one. Deterministic for the sake of people reading logs; the bits do not depend on it.
 */
import { coverSlots } from './block.ts';
import type { Block } from './block.ts';

/** The blocks of every worker, in code-unit order of the names; a worker without a share has an empty list. */
export function assignSlots(options: { readonly workers: readonly string[]; readonly uncovered: readonly number[] }): Map<string, Block[]> {
  const workers = [...new Set(options.workers)].sort();
  const slots = [...new Set(options.uncovered)].sort((a, b) => a - b);
  const cut = (share: number): number => Math.floor((share * slots.length) / workers.length);
  return new Map(workers.map((worker, share) => [worker, coverSlots(slots.slice(cut(share), cut(share + 1)))]));
}
