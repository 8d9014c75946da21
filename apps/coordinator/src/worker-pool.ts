/**
 * The workers of one run: carries events from sessions and uploads to the coordinator machine, and its actions to the sessions. Owns
 * the clock and the tick; decides nothing that the machine does not say.
 */
import { codedSegments, CoordinatorMachine, sameRound } from '@geodesic/cluster';
import type { Contribution, CoordinatorAction, CoverageEntry, Fingerprint, Member, RoundFailure, RoundPlan } from '@geodesic/cluster';
import type {
  ContributeAck,
  ContributionHeader,
  CoordinatorMessage,
  SessionHandler,
  WireContribution,
  WorkerMessage,
} from '@geodesic/wire';
import { sameSegments } from '@geodesic/tensor';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { Visitor } from './lobby.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { ProgressReport } from './progress-meter.ts';
import { ProgramFailed } from './round-errors.ts';

/** What people are told about workers. */
export interface PoolObserver {
  joined(worker: string, details: { pid: number; fingerprint: Fingerprint }): void;
  lost(worker: string, reason: string): void;
  progress(worker: string, report: ProgressReport): void;
}

/** Options of {@link WorkerPool}. */
export interface WorkerPoolOptions {
  readonly run: string;
  readonly bundleDigest: string;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly observer: PoolObserver;
}

/** A finished round. */
export interface CompletedRound {
  /** Owned by the receiver. */
  readonly total: Contribution;
  readonly coverage: readonly CoverageEntry[];
}

interface Resident extends Visitor {
  readonly meter: ProgressMeter;
  admitted: boolean;
}

interface PendingRound {
  readonly resolve: (round: CompletedRound) => void;
  readonly reject: (error: Error) => void;
}

/** All workers of a run. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #machine: CoordinatorMachine;
  readonly #residents = new Map<string, Resident>();
  readonly #visitors = new Set<Visitor>();
  readonly #timer: NodeJS.Timeout;
  #pending: PendingRound | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#machine = new CoordinatorMachine({ leaseMs: options.leaseMs });
    this.#timer = setInterval(() => this.#handle({ type: 'tick', at: now() }), Math.max(10, options.leaseMs / 4));
  }

  /** Number of workers that take part. */
  get size(): number {
    return this.#machine.workers.length;
  }

  /** Takes a worker in from the lobby: it gets to know the run, loads the bundle and reports ready. */
  receive(visitor: Visitor): SessionHandler {
    const { run, leaseMs, heartbeatMs, bundleDigest } = this.#options;
    this.#visitors.add(visitor);
    visitor.peer.send({ type: 'welcome', run, leaseMs, heartbeatMs, bundleDigest });
    return {
      message: (message) => this.#message(visitor, message),
      closed: (reason) => {
        this.#visitors.delete(visitor);
        this.#left(visitor, reason);
      },
    };
  }

  /** Has a round computed; waits for workers as long as it takes. @throws {CoordinatorError} ROUND_FAILED, {ProgramFailed}, {RoundInterrupted} */
  round(plan: RoundPlan): Promise<CompletedRound> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#handle({ type: 'begin-round', plan, at: now() });
    });
  }

  /** Gives up the round in progress, if any: its wait ends with the error. */
  interrupt(error: Error): void {
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  /** Judges an upload by its header, before memory is given to it. */
  judge(header: ContributionHeader): ContributeAck | undefined {
    const plan = this.#machine.round;
    if (plan === undefined || !sameRound(plan, header.round)) return { result: 'stale', detail: 'another round is in progress' };
    if (header.sumsLength !== plan.sumsLength)
      return { result: 'corrupt', detail: `sums: expected ${plan.sumsLength} elements, got ${header.sumsLength}` };
    if (sameSegments(header.coded ?? [], codedSegments(header.block, plan.codec) ?? [])) return undefined;
    return { result: 'corrupt', detail: 'coded segments: expected those of the round, at its level of the tree' };
  }

  /** Hands a whole contribution to the round. */
  contribute(arrived: WireContribution): ContributeAck {
    const { worker, incarnation, round, block, count, scalars, sums } = arrived;
    const contribution: Contribution = { block, count, scalars, sums };
    const actions = this.#machine.handle({ type: 'contribution', worker, incarnation, round, contribution, at: now() });
    const answer = actions.find((action) => action.type === 'acknowledge');
    this.#perform(actions);
    return answer ? { result: answer.result, detail: answer.detail } : { result: 'stale', detail: 'not expected' };
  }

  /** Tells every worker that the run is over. */
  end(state: string): void {
    clearInterval(this.#timer);
    for (const { peer } of this.#visitors) {
      peer.send({ type: 'run-over', state });
      peer.end();
    }
  }

  #message(visitor: Visitor, message: WorkerMessage): void {
    const member = memberOf(visitor);
    switch (message.type) {
      case 'ready': {
        this.#residents.set(keyOf(member), { ...visitor, meter: new ProgressMeter(now()), admitted: false });
        this.#handle({ type: 'joined', ...member, fingerprint: message.fingerprint, at: now() });
        break;
      }
      case 'heartbeat': {
        const resident = this.#residents.get(keyOf(member));
        if (!resident) return; // evicted a moment ago
        this.#options.observer.progress(member.worker, resident.meter.read(message, now()));
        this.#handle({ type: 'heartbeat', ...member, generation: message.generation, open: message.open, at: now() });
        break;
      }
      case 'leave':
        this.#left(visitor, message.reason);
        visitor.peer.end();
        break;
      case 'failed':
        this.#handle({ type: 'program-failed', ...member, round: message.round, reason: message.reason, at: now() });
        break;
      case 'hello':
        break; // said twice: harmless
    }
  }

  #left(visitor: Visitor, reason: string): void {
    const member = memberOf(visitor);
    const resident = this.#residents.get(keyOf(member));
    if (resident?.peer !== visitor.peer) return; // evicted before, or replaced by a newer session of the same process
    this.#residents.delete(keyOf(member));
    if (resident.admitted) this.#options.observer.lost(member.worker, reason);
    this.#handle({ type: 'left', ...member, reason, at: now() });
  }

  #handle(event: Parameters<CoordinatorMachine['handle']>[0]): void {
    this.#perform(this.#machine.handle(event));
  }

  #perform(actions: readonly CoordinatorAction[]): void {
    for (const action of actions) {
      if (action.type === 'round-complete') this.#settle()?.resolve(action);
      else if (action.type === 'abandon-round') this.#settle()?.reject(new ProgramFailed(failureOf(action)));
      else if (action.type === 'round-failed') this.#settle()?.reject(roundFailed(action.reason));
      else if (action.type !== 'acknowledge') this.#tell(action);
    }
  }

  #settle(): PendingRound | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #hasResident(worker: string): boolean {
    return [...this.#residents.values()].some(({ hello }) => hello.worker === worker);
  }

  #tell(action: Extract<CoordinatorAction, { type: 'admit' | 'refuse' | 'assign' | 'evict' }>): void {
    const resident = this.#residents.get(keyOf(action));
    if (!resident) return;
    const { peer, hello } = resident;
    switch (action.type) {
      case 'admit':
        resident.admitted = true;
        peer.send({ type: 'admitted', generation: action.generation });
        this.#options.observer.joined(action.worker, { pid: hello.pid, fingerprint: this.#machine.fingerprint ?? {} });
        break;
      case 'refuse': {
        const { code, field, expected, got, message } = action;
        this.#residents.delete(keyOf(action));
        peer.send({ type: 'refused', code, field, expected, got, message });
        peer.end();
        break;
      }
      case 'assign':
        peer.send({ type: 'assign', ...action.assignment });
        break;
      case 'evict':
        this.#residents.delete(keyOf(action));
        this.#options.observer.lost(action.worker, action.reason);
        // Two live processes of one name would replace each other for ever.
        if (this.#hasResident(action.worker)) peer.send(nameTaken(action.worker));
        peer.end();
        break;
    }
  }
}

function nameTaken(worker: string): CoordinatorMessage {
  const message = `join: worker: expected a name of its own, got ${worker}, under which a newer process has joined (use --name)`;
  return { type: 'refused', code: 'NAME_TAKEN', field: 'worker', expected: 'a name of its own', got: worker, message };
}

function memberOf({ hello }: Visitor): Member {
  return { worker: hello.worker, incarnation: hello.incarnation };
}

function keyOf({ worker, incarnation }: Member): string {
  return JSON.stringify([worker, incarnation]);
}

function roundFailed(reason: string): CoordinatorError {
  const hint = 'the training has most likely diverged: try a smaller learning rate or more damping';
  return new CoordinatorError('ROUND_FAILED', reason, { hint, exitCode: EXIT.data });
}

function failureOf({ round, worker, reason }: Extract<CoordinatorAction, { type: 'abandon-round' }>): RoundFailure {
  const { step, attempt, phase } = round;
  return { step, attempt, phase, reason, worker };
}

/** Monotonic milliseconds. */
function now(): number {
  return performance.now();
}
