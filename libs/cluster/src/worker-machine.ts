/**
 * A worker's protocol as a pure state machine. An assignment waits until the parameters held are those of its round; one block is computed
 * at a time, and few finished ones wait for their answer, so memory is bounded. Nothing is resent for ever: a block whose transfer keeps
 * failing is given up, the next heartbeat says so, and the coordinator assigns it anew.
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
  #assignment: Assignment | undefined;
  #position: Position | undefined;
  #queue: Block[] = [];
  #computing: { readonly round: RoundPlan; readonly block: Block } | undefined;
  /** Of the assignment's round, by block key. */
  readonly #unanswered = new Map<string, Unanswered>();
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
        this.#acknowledged(event);
        return this.#advance();
      case 'contribution-failed':
        return [...this.#contributionFailed(event), ...this.#advance()];
      case 'disconnected':
        this.#connected = false;
        this.#queue = [];
        return [];
      default:
        return unreachable('WorkerMachine.handle', event);
    }
  }

  #welcome({ run, generation }: EventOf<'welcome'>): WorkerAction[] {
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
    this.#queue = blocks.filter((block) => !this.#isUnderWay(block));
  }

  #computed({ round, contribution }: EventOf<'computed'>): WorkerAction[] {
    this.#computing = undefined;
    const key = blockKey(contribution.block);
    const wanted = this.#isCurrent(round) && this.#assignment?.blocks.some((block) => blockKey(block) === key);
    return wanted ? this.#send(key, { contribution, retry: 0, inFlight: false }) : [];
  }

  #acknowledged({ round, block, result }: EventOf<'acknowledged'>): void {
    if (!this.#isCurrent(round)) return;
    this.#unanswered.delete(blockKey(block));
    if (result === 'accepted' || result === 'duplicate') this.#answered.add(blockKey(block));
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
  #send(key: string, entry: Unanswered): WorkerAction[] {
    this.#unanswered.set(key, { ...entry, inFlight: this.#connected });
    if (!this.#connected || !this.#assignment) return [];
    return [{ type: 'contribute', round: this.#assignment.round, contribution: entry.contribution, retry: entry.retry }];
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
    return computing || this.#unanswered.has(key) || this.#answered.has(key);
  }

  #forgetRound(): void {
    this.#assignment = undefined;
    this.#queue = [];
    this.#unanswered.clear();
    this.#answered.clear();
  }
}
