/**
 * Who should compute what, by measured speed, and when something is asked of a second worker. Everything here rests on clocks and arrival
 * order, so nothing here may decide a bit: a wrong guess costs time.
 */
import { assignSlots } from './assign-slots.ts';
import { AssignmentBoard } from './assignment-board.ts';
import type { Task } from './assignment-board.ts';
import { blockKey, slotsOf } from './block.ts';
import type { Block } from './block.ts';
import type { Assignment } from './coordinator-messages.ts';
import { Deadlines } from './deadline.ts';
import type { DeadlineOptions } from './deadline.ts';
import type { RoundLedger } from './round-ledger.ts';
import { WorkerSpeeds } from './worker-speeds.ts';

/** A worker without progress is stalled only after so many of its deadlines: a long block shows no progress before its end. */
const STALLED_DEADLINES = 4;

/** The round in progress, when it is looked at, and who may be asked for something. */
export interface Situation {
  readonly ledger: RoundLedger;
  /** ms */
  readonly at: number;
  readonly eligible: readonly string[];
}

/** A worker that is over its deadline. */
export interface Straggler {
  readonly worker: string;
  readonly blocks: readonly Block[];
  readonly waitedMs: number;
}

/** The work of one coordinator. */
export class WorkDistributor {
  readonly board: AssignmentBoard = new AssignmentBoard();
  readonly #deadlines: Deadlines;
  readonly #speeds = new WorkerSpeeds();
  readonly #backsUp: boolean;
  /** Stragglers of this round that people have been told of. */
  readonly #told = new Set<string>();
  #openedAt: number | undefined;
  /** How many slots' time a typical worker needs for its share of this round. */
  #typicalShare = 0;

  constructor(backup: DeadlineOptions | false = {}) {
    this.#backsUp = backup !== false;
    this.#deadlines = new Deadlines(backup === false ? {} : backup);
  }

  /** A new round begins. */
  beginRound(): void {
    this.board.clear();
    this.#speeds.beginRound();
    this.#told.clear();
    this.#openedAt = undefined;
    this.#typicalShare = 0;
  }

  /** A round is complete: who has not finished by now would have taken longer. How much is not known; a second late share would cost more. */
  endRound(ledger: RoundLedger, at: number): void {
    for (const [worker, task] of this.board.tasks) {
      const waited = at - task.since;
      const isLate = waited > (this.#limit(ledger, worker, task) ?? Infinity);
      const atLeast = this.#relative(ledger.plan.phase, waited / task.asked) * (isLate ? 2 : 1);
      if (!task.isDone) this.#speeds.observeAtLeast(worker, atLeast);
    }
    this.board.clear();
  }

  /** A worker's block has been accepted. */
  accepted(worker: string, block: Block, { ledger, at }: Omit<Situation, 'eligible'>): void {
    const task = this.board.tasks.get(worker);
    if (task === undefined || task.isDone) return;
    task.accepted += 2 ** block.level;
    if (this.board.blocks(worker, ledger).length > 0) return;
    task.isDone = true;
    const { phase } = ledger.plan;
    const msPerSlot = (at - task.since) / task.accepted;
    this.#deadlines.record(phase, msPerSlot);
    this.#speeds.observe(worker, this.#relative(phase, msPerSlot));
  }

  /** Hands out what is uncovered and nobody's, first to workers with nothing to do; returns the assignments that changed. */
  distribute(situation: Situation): Map<string, Assignment> {
    const { ledger, eligible } = situation;
    const changed = new Map<string, Assignment>();
    const disputed = ledger.disputes.map(({ block }) => block);
    const owed = new Set([...this.board.tasks.keys()].flatMap((worker) => this.board.blocks(worker, ledger).map(blockKey)));
    const orphans = disputed.filter((block) => !owed.has(blockKey(block)));
    for (const [worker, blocks] of this.#spread(orphans, situation)) changed.set(worker, this.#give(worker, blocks, situation));
    const free = this.#freeSlots(ledger, disputed);
    if (free.length === 0 || eligible.length === 0) return changed;
    const idle = this.#idle(situation);
    const assigned = assignSlots({
      workers: idle.length > 0 ? idle : eligible,
      uncovered: free,
      cost: (worker) => this.#speeds.cost(worker),
      isDue: (worker) => this.#speeds.isDue(worker),
    });
    for (const [worker, blocks] of assigned) if (blocks.length > 0) changed.set(worker, this.#give(worker, blocks, situation));
    return changed;
  }

  /** The workers that are over their deadline. */
  late({ ledger, at }: Omit<Situation, 'eligible'>): Straggler[] {
    return [...this.board.tasks].flatMap(([worker, task]) => {
      const limit = this.#limit(ledger, worker, task);
      if (limit === undefined || at - task.since <= limit) return [];
      const blocks = this.board.blocks(worker, ledger);
      return blocks.length > 0 ? [{ worker, blocks, waitedMs: at - task.since }] : [];
    });
  }

  /** Those of them that people have not been told of in this round. */
  firstSeen(late: readonly Straggler[]): Straggler[] {
    const news = late.filter(({ worker }) => !this.#told.has(worker));
    for (const { worker } of news) this.#told.add(worker);
    return news;
  }

  /** Gives exactly the blocks of late workers to idle ones, too, where nobody else in time has them: so that both results can be compared. */
  backUp(late: readonly Straggler[], situation: Situation): Map<string, Assignment> {
    const changed = new Map<string, Assignment>();
    if (!this.#backsUp) return changed;
    const lateWorkers = new Set(late.map(({ worker }) => worker));
    const inTime = [...this.board.tasks.keys()].filter((worker) => !lateWorkers.has(worker));
    const held = new Set(inTime.flatMap((worker) => this.board.blocks(worker, situation.ledger).map(blockKey)));
    const wanted = new Map(late.flatMap(({ blocks }) => blocks).map((block) => [blockKey(block), block]));
    const orphans = [...wanted].flatMap(([key, block]) => (held.has(key) ? [] : [block]));
    const eligible = this.#idle(situation);
    for (const [worker, blocks] of this.#spread(orphans, { ...situation, eligible }))
      changed.set(worker, this.#give(worker, blocks, situation));
    return changed;
  }

  /** The workers that have had work for longer than `stallMs` and their deadlines without a sign of progress. */
  motionless(situation: Omit<Situation, 'eligible'>, movement: { stallMs: number; movedAt: (worker: string) => number }): string[] {
    const { ledger, at } = situation;
    return [...this.board.tasks].flatMap(([worker, task]) => {
      const still = at - Math.max(task.since, movement.movedAt(worker));
      if (still <= movement.stallMs || still <= STALLED_DEADLINES * (this.#limit(ledger, worker, task) ?? 0)) return [];
      return this.board.blocks(worker, ledger).length > 0 ? [worker] : [];
    });
  }

  /** Whether the whole round has taken longer than a typical share of it may; false while too little is known. */
  isOverdue({ ledger, at }: Omit<Situation, 'eligible'>): boolean {
    const limit = this.#deadlines.limit(ledger.plan.phase, this.#typicalShare);
    return this.#openedAt !== undefined && limit !== undefined && at - this.#openedAt > limit;
  }

  #give(worker: string, blocks: readonly Block[], situation: Situation): Assignment {
    const assignment = this.board.give(worker, blocks, situation);
    this.#speeds.asked(worker);
    this.#openedAt ??= situation.at;
    const asked = this.board.tasks.get(worker)?.asked ?? 0;
    this.#typicalShare = Math.max(this.#typicalShare, asked * Math.min(1, this.#speeds.cost(worker)));
    return assignment;
  }

  /** Every block to the worker that would be done with it first, idle ones before others. */
  #spread(blocks: readonly Block[], situation: Situation): Map<string, Block[]> {
    const shares = new Map<string, Block[]>();
    if (blocks.length === 0) return shares;
    const idle = this.#idle(situation);
    const load = new Map((idle.length > 0 ? idle : situation.eligible).map((worker) => [worker, 0]));
    for (const block of blocks) {
      const finish = [...load].map(([worker, slots]) => ({ worker, at: (slots + 2 ** block.level) * this.#speeds.cost(worker) }));
      if (finish.length === 0) return shares;
      const { worker } = finish.reduce((best, next) => (next.at < best.at ? next : best));
      load.set(worker, (load.get(worker) ?? 0) + 2 ** block.level);
      shares.set(worker, [...(shares.get(worker) ?? []), block]);
    }
    return shares;
  }

  #idle({ ledger, eligible }: Situation): string[] {
    return eligible.filter((worker) => this.board.blocks(worker, ledger).length === 0);
  }

  /** How long a task may take, ms. A slow worker has more time for a slot, but no more than others have for their shares. */
  #limit({ plan }: RoundLedger, worker: string, { asked }: Task): number | undefined {
    const expected = asked * this.#speeds.cost(worker);
    return this.#deadlines.limit(plan.phase, Math.min(expected, Math.max(asked, this.#typicalShare)));
  }

  #freeSlots(ledger: RoundLedger, disputed: readonly Block[]): number[] {
    const owed = [...this.board.tasks.keys()].flatMap((worker) => this.board.blocks(worker, ledger));
    const taken = new Set([...owed, ...disputed].flatMap(slotsOf));
    return ledger.uncovered().filter((slot) => !taken.has(slot));
  }

  #relative(phase: string, msPerSlot: number): number {
    const typical = this.#deadlines.typical(phase);
    return typical !== undefined && typical > 0 ? msPerSlot / typical : 1;
  }
}
