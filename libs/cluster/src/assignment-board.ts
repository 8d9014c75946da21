/**
 * Who has been asked for what in the current round, since when. Losing an entry costs time, never exactness: whatever is uncovered and on
 * nobody's list is handed out again. A block may be on two lists: a late worker's is also asked of another, and the first result counts.
 */
import type { Block } from './block.ts';
import type { Assignment } from './coordinator-messages.ts';
import type { RoundLedger } from './round-ledger.ts';

/** What a worker has been asked for since it last had nothing to do. */
export interface Task {
  readonly assignment: Assignment;
  /** When it began, ms. */
  readonly since: number;
  /** Slots asked for. */
  readonly asked: number;
  /** Slots of them that it has contributed. */
  accepted: number;
  /** Whether it has been measured. */
  isDone: boolean;
}

/** The assignments of one coordinator; cleared at every round. */
export class AssignmentBoard {
  readonly #tasks = new Map<string, Task>();
  #generation = 0;

  /** The newest generation given out. */
  get generation(): number {
    return this.#generation;
  }

  /** All tasks, by worker. */
  get tasks(): ReadonlyMap<string, Task> {
    return this.#tasks;
  }

  /** Forgets all assignments. */
  clear(): void {
    this.#tasks.clear();
  }

  /** Takes everything back from a worker. */
  release(worker: string): void {
    this.#tasks.delete(worker);
  }

  /** Takes back what a worker cannot have begun: all but the first block that is not covered. */
  releaseUnstarted(worker: string, ledger: RoundLedger): void {
    const task = this.#tasks.get(worker);
    if (task === undefined) return;
    this.#tasks.set(worker, { ...task, assignment: { ...task.assignment, blocks: this.blocks(worker, ledger).slice(0, 1) } });
  }

  /** What a worker still owes: the blocks of its assignment that are not covered by now. */
  blocks(worker: string, ledger: RoundLedger): readonly Block[] {
    return this.#tasks.get(worker)?.assignment.blocks.filter((block) => !ledger.covers(block)) ?? [];
  }

  /** A worker's assignment as it stands: without what is covered by now; undefined when nothing is left of it. */
  pending(worker: string, ledger: RoundLedger): Assignment | undefined {
    const blocks = this.blocks(worker, ledger);
    const task = this.#tasks.get(worker);
    return task && blocks.length > 0 ? { ...task.assignment, blocks } : undefined;
  }

  /** Asks a worker for more; what it still owes stays on its list. Returns its assignment. */
  give(worker: string, added: readonly Block[], { ledger, at }: { readonly ledger: RoundLedger; readonly at: number }): Assignment {
    const owed = this.blocks(worker, ledger);
    const before = owed.length > 0 ? this.#tasks.get(worker) : undefined;
    this.#generation += 1;
    const assignment = { generation: this.#generation, round: ledger.plan, blocks: [...owed, ...added] };
    const asked = added.reduce((sum, { level }) => sum + 2 ** level, before?.asked ?? 0);
    this.#tasks.set(worker, { assignment, since: before?.since ?? at, asked, accepted: before?.accepted ?? 0, isDone: false });
    return assignment;
  }
}
