/**
 * Who has been asked for what in the current round. Losing an entry costs time, never exactness: whatever is uncovered and on nobody's
 * list is handed out again, first to workers with nothing to do.
 */
import { assignSlots } from './assign-slots.ts';
import { slotsOf } from './block.ts';
import type { Block } from './block.ts';
import type { Assignment } from './coordinator-messages.ts';
import type { RoundLedger } from './round-ledger.ts';

/** The assignments of one coordinator; cleared at every round. */
export class AssignmentBoard {
  readonly #assignments = new Map<string, Assignment>();
  #generation = 0;

  /** The newest generation given out. */
  get generation(): number {
    return this.#generation;
  }

  /** Forgets all assignments: a new round begins. */
  clear(): void {
    this.#assignments.clear();
  }

  /** Takes everything back from a worker. */
  release(worker: string): void {
    this.#assignments.delete(worker);
  }

  /** A worker's assignment as it stands: without what is covered by now; undefined when nothing is left of it. */
  pending(worker: string, ledger: RoundLedger): Assignment | undefined {
    const assignment = this.#assignments.get(worker);
    if (assignment === undefined) return undefined;
    const blocks = assignment.blocks.filter((block) => !ledger.covers(block));
    return blocks.length > 0 ? { ...assignment, blocks } : undefined;
  }

  /** Hands out every slot that is uncovered and nobody's; returns the assignments that changed. */
  distribute(workers: readonly string[], ledger: RoundLedger): Map<string, Assignment> {
    const changed = new Map<string, Assignment>();
    const lists = new Map<string, readonly Block[]>(workers.map((worker) => [worker, this.pending(worker, ledger)?.blocks ?? []]));
    const taken = new Set([...lists.values()].flat().flatMap(slotsOf));
    const free = ledger.uncovered().filter((slot) => !taken.has(slot));
    if (free.length === 0 || workers.length === 0) return changed;
    const idle = workers.filter((worker) => lists.get(worker)?.length === 0);
    for (const [worker, blocks] of assignSlots({ workers: idle.length > 0 ? idle : workers, uncovered: free })) {
      if (blocks.length === 0) continue;
      this.#generation += 1;
      const assignment = { generation: this.#generation, round: ledger.plan, blocks: [...(lists.get(worker) ?? []), ...blocks] };
      this.#assignments.set(worker, assignment);
      changed.set(worker, assignment);
    }
    return changed;
  }
}
