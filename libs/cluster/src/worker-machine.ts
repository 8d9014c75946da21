/**
 * A worker's protocol as a pure state machine. An assignment waits until the parameters held are those of its round; one block is computed
 * at a time, and few finished ones wait for their answer, so memory is bounded. Nothing is resent for ever: a block whose transfer keeps
 * failing is given up, the next heartbeat says so, and the coordinator assigns it anew. A worker that drains finishes what it has begun.
 */
import { blockKey } from './block.ts';
import type { Block } from './block.ts';
import type { Contribution } from './contribution.ts';
import type { Assignment, WorkerStatus } from './coordinator-messages.ts';
import { inputDigest } from './digest.ts';
import { unreachable } from './errors.ts';
import { sameRound } from './round.ts';
import type { Position, RoundIdentity, RoundPlan } from './round.ts';
import type { WorkerAction, WorkerEvent } from './worker-messages.ts';

type EventOf<T extends WorkerEvent['type']> = Extract<WorkerEvent, { type: T }>;

/** Options of {@link WorkerMachine}. */
export interface WorkerMachineOptions {
  /** Finished blocks that may wait for an answer before computing pauses; default 2. */
  readonly maxUnanswered?: number;
  /** Times that a failed transfer is repeated before the block is given up; default 4. */
  readonly maxRetries?: number;
  /** Fresh snapshots that are tried before a diverged worker fails; default 2. */
  readonly maxResynchronisations?: number;
}

/** A finished block that the coordinator has not answered. */
interface Unanswered {
  readonly contribution: Contribution;
  readonly retry: number;
  readonly inFlight: boolean;
}

/** Where the parameters held stand relative to those of a round. */
type Standing = 'ready' | 'behind' | 'ahead' | 'diverged';

/**
 * One worker process.
 *
 * *Limitations*: a computation that has begun is not cancelled; its result is dropped when nobody wants it any more.
 */
export class WorkerMachine {
  readonly #limits: Required<WorkerMachineOptions>;
  #connected = false;
  #failed = false;
  #run: string | undefined;
  #generation = 0;
  /** The newest leadership seen of each run. */
  readonly #terms = new Map<string, number>();
  #drain: 'no' | 'under way' | 'over' = 'no';
  #assignment: Assignment | undefined;
  #position: Position | undefined;
  #queue: Block[] = [];
  #computing: { readonly round: RoundPlan; readonly block: Block } | undefined;
  /** Of the assignment's round, by block key. */
  readonly #unanswered = new Map<string, Unanswered>();
  /** Accepted, and not asked for again since. */
  readonly #answered = new Set<string>();
  #resynchronisations = 0;
  #awaitingSnapshot = false;

  constructor(options: WorkerMachineOptions = {}) {
    this.#limits = { maxUnanswered: 2, maxRetries: 4, maxResynchronisations: 2, ...options };
  }

  /** What the next heartbeat says. */
  get status(): WorkerStatus {
    const computing = this.#computing !== undefined && this.#isCurrent(this.#computing.round) ? 1 : 0;
    return { generation: this.#generation, open: this.#queue.length + this.#unanswered.size + computing };
  }

  /** Takes one event; the actions are to be carried out in order. */
  handle(event: WorkerEvent): WorkerAction[] {
    if (this.#failed) return [];
    return [...this.#take(event), ...this.#drained()];
  }

  #take(event: WorkerEvent): WorkerAction[] {
    switch (event.type) {
      case 'welcome':
        return [...this.#welcome(event), ...this.#advance()];
      case 'assign':
        this.#assign(event.assignment);
        return this.#advance();
      case 'state':
        this.#position = { version: event.version, chain: event.chain, checksum: event.checksum };
        this.#awaitingSnapshot = false;
        return this.#advance();
      case 'computed':
        return [...this.#computed(event), ...this.#advance()];
      case 'compute-failed':
        this.#computing = undefined;
        if (this.#isCurrent(event.round)) this.#forgetRound();
        return this.#advance();
      case 'acknowledged':
        return [...this.#acknowledged(event), ...this.#advance()];
      case 'contribution-failed':
        return [...this.#contributionFailed(event), ...this.#advance()];
      case 'disconnected':
        this.#connected = false;
        this.#queue = [];
        return [];
      case 'drain':
        if (this.#drain === 'no') this.#drain = 'under way';
        this.#queue = [];
        return [];
      default:
        return unreachable('WorkerMachine.handle', event);
    }
  }

  #welcome({ run, generation, term = 1 }: EventOf<'welcome'>): WorkerAction[] {
    const highest = Math.max(term, this.#terms.get(run) ?? 1);
    if (term < highest) {
      this.#connected = false;
      return [{ type: 'reject-leader', term, highest }];
    }
    this.#terms.set(run, term);
    this.#connected = true;
    this.#generation = generation;
    this.#queue = [];
    // The coordinator may have restarted and have lost what it had accepted.
    this.#answered.clear();
    if (run !== this.#run) this.#forgetRound();
    this.#run = run;
    return [...this.#unanswered].flatMap(([key, entry]) => (entry.inFlight ? [] : this.#send(key, entry)));
  }

  #assign(assignment: Assignment): void {
    const { generation, round, blocks } = assignment;
    if (!this.#connected || round.run !== this.#run || generation <= this.#generation) return;
    this.#generation = generation;
    if (!this.#isCurrent(round)) this.#forgetRound();
    this.#assignment = assignment;
    this.#queue = this.#drain === 'no' ? blocks.filter((block) => !this.#isUnderWay(block) && !this.#hasAnswer(block)) : [];
  }

  #computed({ round, contribution }: EventOf<'computed'>): WorkerAction[] {
    this.#computing = undefined;
    const key = blockKey(contribution.block);
    const wanted = this.#isCurrent(round) && this.#assignment?.blocks.some((block) => blockKey(block) === key);
    return wanted ? this.#send(key, { contribution, retry: 0, inFlight: false }) : [];
  }

  #acknowledged({ round, block, result, retryAfterMs = 0 }: EventOf<'acknowledged'>): WorkerAction[] {
    const key = blockKey(block);
    const entry = this.#isCurrent(round) ? this.#unanswered.get(key) : undefined;
    if (entry === undefined) return [];
    if (result === 'busy') return this.#send(key, entry, retryAfterMs);
    this.#unanswered.delete(key);
    if (result === 'accepted' || result === 'duplicate') this.#answered.add(key);
    return [];
  }

  #contributionFailed({ round, block }: EventOf<'contribution-failed'>): WorkerAction[] {
    const key = blockKey(block);
    const entry = this.#isCurrent(round) ? this.#unanswered.get(key) : undefined;
    if (entry === undefined) return [];
    if (entry.retry < this.#limits.maxRetries) return this.#send(key, { ...entry, retry: entry.retry + 1 });
    this.#unanswered.delete(key);
    return [];
  }

  /** Keeps a finished block until it is answered, and sends it now or at the next welcome. */
  #send(key: string, entry: Unanswered, delayMs?: number): WorkerAction[] {
    this.#unanswered.set(key, { ...entry, inFlight: this.#connected });
    if (!this.#connected || !this.#assignment) return [];
    const { round } = this.#assignment;
    const { contribution, retry } = entry;
    return [{ type: 'contribute', round, contribution, retry, ...(delayMs !== undefined && { delayMs }) }];
  }

  /** Says once that a drain is over. */
  #drained(): WorkerAction[] {
    if (this.#drain !== 'under way' || this.status.open > 0) return [];
    this.#drain = 'over';
    return [{ type: 'drained' }];
  }

  /** Starts the next block if everything allows it. */
  #advance(): WorkerAction[] {
    const round = this.#assignment?.round;
    if (!this.#connected || !round || this.#computing || this.#queue.length === 0) return [];
    if (this.#unanswered.size >= this.#limits.maxUnanswered) return [];
    const standing = this.#standing(round);
    switch (standing) {
      case 'behind':
        return [];
      case 'ahead':
        this.#queue = [];
        return [];
      case 'diverged':
        return this.#resynchronise(round);
      case 'ready': {
        this.#resynchronisations = 0;
        const block = this.#queue.shift();
        if (block === undefined) return [];
        this.#computing = { round, block };
        return [{ type: 'compute', round, block }];
      }
      default:
        return unreachable('WorkerMachine.standing', standing);
    }
  }

  #standing(round: RoundPlan): Standing {
    const position = this.#position;
    if (position === undefined || position.version < round.version) return 'behind';
    if (position.version > round.version) return 'ahead';
    const { step, attempt, phase, inputs } = round;
    return inputDigest({ ...position, step, attempt, phase, ...(inputs && { inputs }) }) === round.inputDigest ? 'ready' : 'diverged';
  }

  #resynchronise({ version, step }: RoundPlan): WorkerAction[] {
    if (this.#awaitingSnapshot) return [];
    const reason = `parameters of version ${version} (step ${step}) differ from the coordinator's`;
    if (this.#resynchronisations >= this.#limits.maxResynchronisations) {
      this.#failed = true;
      return [{ type: 'fail', reason: `${reason} after ${this.#resynchronisations} fresh snapshots` }];
    }
    this.#resynchronisations += 1;
    this.#awaitingSnapshot = true;
    return [{ type: 'resynchronise', version, reason }];
  }

  #isCurrent(round: RoundIdentity): boolean {
    return this.#assignment !== undefined && sameRound(round, this.#assignment.round);
  }

  #isUnderWay(block: Block): boolean {
    const key = blockKey(block);
    const computing = this.#computing !== undefined && this.#isCurrent(this.#computing.round) && blockKey(this.#computing.block) === key;
    return computing || this.#unanswered.has(key);
  }

  /**
   * Whether a block that is asked for has been answered. Once that is taken for an assignment that crossed the answer; whoever asks twice
   * has lost what it had accepted.
   */
  #hasAnswer(block: Block): boolean {
    return this.#answered.delete(blockKey(block));
  }

  #forgetRound(): void {
    this.#assignment = undefined;
    this.#queue = [];
    this.#unanswered.clear();
    this.#answered.clear();
  }
}
