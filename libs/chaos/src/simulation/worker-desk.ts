/**
 * The coordinator's side towards workers: the real {@link CoordinatorMachine}, the sessions that it has, and what it says to whom. Requests are
 * answered once; what it says on a session may be lost or late.
 */
import { blockKey, CoordinatorMachine } from '@geodesic/cluster';
import type {
  Block,
  Contribution,
  CoordinatorAction,
  CoordinatorEvent,
  Fingerprint,
  JournalRecord,
  RoundIdentity,
  RoundPlan,
} from '@geodesic/cluster';
import type { CoordinatorProcess } from './coordinator-process.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { World } from './world.ts';

type ActionOf<T extends CoordinatorAction['type']> = Extract<CoordinatorAction, { type: T }>;

/** What the desk hands over to its process. */
export interface DeskOwner {
  /** How the round in progress ended. */
  readonly complete: (record: JournalRecord) => void;
  readonly admitted: () => void;
}

const LEASE_MS = 150;
const TICK_MS = 15;
const BUSY_RATE = 0.01;
const MOST_OWNERS = 32;

/** The event of a coordinator without its time. */
type Untimed<T> = T extends unknown ? Omit<T, 'at'> : never;

/** One coordinator's workers. */
export class WorkerDesk {
  readonly #world: World;
  readonly #process: CoordinatorProcess;
  readonly #owner: DeskOwner;
  readonly #sessions = new Set<WorkerProcess>();
  #machine: CoordinatorMachine;
  #isOpen = false;
  /** Whose result of a block counts, in this and the last rounds. */
  readonly #owners = new Map<string, string>();
  /** Copies of what was accepted in the round in progress, where a defect wants them. */
  #accepted: Contribution[] = [];

  constructor(world: World, process: CoordinatorProcess, owner: DeskOwner) {
    this.#world = world;
    this.#process = process;
    this.#owner = owner;
    this.#machine = this.#newMachine();
  }

  get fingerprint(): Fingerprint | undefined {
    return this.#machine.fingerprint;
  }

  /** Processes with a session. */
  get sessions(): ReadonlySet<WorkerProcess> {
    return this.#sessions;
  }

  /** The fingerprint that the run has; before anybody joins. */
  freeze(fingerprint: Fingerprint): void {
    this.#machine = this.#newMachine(fingerprint);
  }

  /** Takes sessions from now on. */
  open(): void {
    this.#isOpen = true;
    this.#tick();
  }

  begin(plan: RoundPlan, dropped?: readonly number[]): void {
    this.#accepted = [];
    if (this.#owners.size > MOST_OWNERS) this.#owners.clear();
    this.#apply({ type: 'begin-round', plan, ...(dropped && { dropped }) });
  }

  /** Asks a worker to leave in order. */
  drain(worker: string): void {
    this.#apply({ type: 'drain', worker });
  }

  /** The parameters have moved on. */
  published(): void {
    for (const worker of this.#sessions) this.#world.send({ from: this.#process, to: worker, deliver: () => worker.follow(this.#process) });
  }

  /** What a worker says on its session. */
  hear(event: Untimed<Exclude<CoordinatorEvent, { type: 'contribution' }>>): void {
    if (!this.#isOpen) return;
    this.#apply(event);
  }

  /** The session of a worker broke. */
  lost(worker: WorkerProcess): void {
    if (!this.#sessions.delete(worker)) return;
    this.#apply({ type: 'left', worker: worker.worker, incarnation: worker.incarnation, reason: 'stream reset' });
  }

  /** An upload has arrived. */
  contribute(worker: WorkerProcess, { round, contribution, settle }: Upload): void {
    const { defects, draw } = this.#world;
    if (!this.#isOpen) return;
    if (draw() < BUSY_RATE) {
      settle('busy');
      return;
    }
    const { block, count, scalars, sums } = contribution;
    const received = { block, count, scalars: scalars.slice(), sums: sums.slice() };
    if (this.#isSecond(worker, round, block) && this.#world.spoils()) received.scalars[0] += 1;
    const claimed = defects.claim?.(round, this.#machine.round) ?? round;
    const { worker: name, incarnation } = worker;
    const event = { type: 'contribution', worker: name, incarnation, round: claimed, contribution: received } as const;
    this.#apply(event, { settle, contribution });
  }

  /** Whether another worker's result of this very block counts already. */
  #isSecond({ worker }: WorkerProcess, round: RoundIdentity, block: Block): boolean {
    const first = this.#owners.get(`${round.inputDigest} ${blockKey(block)}`);
    return first !== undefined && first !== worker;
  }

  #newMachine(fingerprint?: Fingerprint): CoordinatorMachine {
    return new CoordinatorMachine({
      leaseMs: LEASE_MS,
      quarantineMs: 30,
      corruptLimit: 1000,
      stallMs: 300,
      backup: { factor: 5, minimumMs: 6 },
      ...(fingerprint && { fingerprint }),
    });
  }

  #tick(): void {
    this.#apply({ type: 'tick' });
    this.#world.later(this.#process, TICK_MS, () => this.#tick());
  }

  #apply(event: Untimed<CoordinatorEvent>, upload?: Pick<Upload, 'settle' | 'contribution'>): void {
    const timed = { ...event, at: this.#world.queue.now } as CoordinatorEvent;
    for (const action of this.#machine.handle(timed)) this.#act(action, upload);
  }

  #act(action: CoordinatorAction, upload: Pick<Upload, 'settle' | 'contribution'> | undefined): void {
    const { note, defects } = this.#world;
    switch (action.type) {
      case 'admit':
        this.#admit(action);
        break;
      case 'assign':
        this.#say(action, (worker) => worker.assigned(this.#process, action.assignment));
        break;
      case 'acknowledge':
        note(action.result);
        if (action.result === 'accepted') this.#owners.set(`${action.round.inputDigest} ${blockKey(action.block)}`, action.worker);
        if (action.result === 'accepted' && defects.total && upload) this.#accepted.push(upload.contribution);
        upload?.settle(action.result);
        break;
      case 'evict':
        note('evicted', `${action.worker}: ${action.reason}`);
        this.#say(action, (worker) => worker.disconnected(this.#process));
        this.#forget(action);
        break;
      case 'refuse':
        note('refused');
        this.#say(action, (worker) => this.#world.exit(worker, 'refused'));
        break;
      case 'defer':
        note('deferred');
        this.#say(action, (worker) => worker.deferred(action.retryAfterMs));
        break;
      case 'drain':
        this.#say(action, (worker) => worker.drain());
        break;
      case 'round-complete':
        this.#complete(action);
        break;
      case 'abandon-round': {
        note('abandoned');
        const { round, worker, reason } = action;
        const { step, attempt, phase } = round;
        this.#owner.complete({ round, failure: { step, attempt, phase, reason, worker } });
        break;
      }
      case 'round-failed':
        throw new Error(`round failed: ${action.reason}`);
      case 'straggler':
      case 'quarantine':
        note(action.type, action.worker);
        break;
      case 'dispute':
        note('dispute', action.detail);
        this.#owners.clear();
        break;
    }
  }

  #admit({ worker, incarnation, generation }: ActionOf<'admit'>): void {
    const target = this.#world.findWorker(worker, incarnation);
    if (!target) return;
    this.#sessions.add(target);
    if (this.#machine.round) this.#world.note(`joined in ${this.#machine.round.phase}`);
    const { term } = this.#process;
    const deliver = (): void => target.welcomed(this.#process, { generation, term });
    this.#world.send({ from: this.#process, to: target, deliver, lost: () => this.lost(target) });
    this.#owner.admitted();
  }

  #complete({ round, total, coverage }: ActionOf<'round-complete'>): void {
    this.#world.audit.round(round, total, coverage);
    this.#owner.complete({ round, total: this.#world.defects.total?.(this.#accepted, total) ?? total, coverage });
  }

  #say({ worker, incarnation }: { worker: string; incarnation: string }, deliver: (worker: WorkerProcess) => void): void {
    const target = this.#world.findWorker(worker, incarnation);
    if (target) this.#world.send({ from: this.#process, to: target, deliver: () => deliver(target) });
  }

  #forget({ worker, incarnation }: { worker: string; incarnation: string }): void {
    for (const session of this.#sessions)
      if (session.worker === worker && session.incarnation === incarnation) this.#sessions.delete(session);
  }
}

/** An upload under way. */
export interface Upload {
  readonly round: RoundIdentity;
  readonly contribution: Contribution;
  /** Answers, once. */
  readonly settle: (result: ActionOf<'acknowledge'>['result'] | 'busy') => void;
}
