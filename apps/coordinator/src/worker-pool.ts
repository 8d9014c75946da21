/**
 * The workers of one run: carries events from sessions and uploads to the coordinator machine, and its actions to the sessions. Owns
 * the clock and the tick; decides nothing that the machine does not say.
 */
import { CoordinatorMachine } from '@geodesic/cluster';
import type { Contribution, CoordinatorAction, RoundPlan } from '@geodesic/cluster';
import type { ContributeAck, ContributionHeader, SessionHandler, WireContribution, WorkerMessage } from '@geodesic/wire';
import type { Visitor } from './lobby.ts';
import { judgeHeader } from './judge-header.ts';
import { newsOf } from './pool-news.ts';
import type { CompletedRound, WorkerPoolOptions } from './pool-options.ts';
import { memberOf, Residents } from './residents.ts';
import type { ResidentState } from './residents.ts';
import { failureOf, ProgramFailed, roundFailed } from './round-errors.ts';
import { deferral, nameTaken, refusal } from './turned-away.ts';

interface PendingRound {
  readonly resolve: (round: CompletedRound) => void;
  readonly reject: (error: Error) => void;
}

/** All workers of a run. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #machine: CoordinatorMachine;
  readonly #residents = new Residents();
  readonly #visitors = new Set<Visitor>();
  readonly #timer: NodeJS.Timeout;
  #pending: PendingRound | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#machine = new CoordinatorMachine(options);
    this.#timer = setInterval(() => this.#handle({ type: 'tick', at: now() }), Math.max(10, options.leaseMs / 4));
  }

  /** Number of workers that take part. */
  get size(): number {
    return this.#machine.workers.length;
  }

  /** The workers that take part, in code-unit order. */
  get workers(): readonly { readonly worker: string; readonly state: ResidentState }[] {
    return this.#machine.workers.map((worker) => ({ worker, state: this.#residents.stateOf(worker) }));
  }

  /** Takes a worker in from the lobby: it gets to know the run, loads the bundle and reports ready. */
  receive(visitor: Visitor): SessionHandler {
    const { run, leaseMs, heartbeatMs, bundleDigest, term } = this.#options;
    this.#visitors.add(visitor);
    visitor.peer.send({ type: 'welcome', run, leaseMs, heartbeatMs, bundleDigest, term });
    return {
      message: (message) => this.#message(visitor, message),
      closed: (reason) => {
        this.#visitors.delete(visitor);
        this.#left(visitor, reason);
      },
    };
  }

  /**
   * Has a round computed; waits for workers as long as it takes.
   * @param dropped slots that are left out from the start: the log of a relaxed run left them out
   * @throws {CoordinatorError} ROUND_FAILED, {ProgramFailed}, {RoundInterrupted}
   */
  round(plan: RoundPlan, dropped?: readonly number[]): Promise<CompletedRound> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#handle({ type: 'begin-round', plan, at: now(), ...(dropped && { dropped }) });
    });
  }

  /** Asks a worker to leave in order; nothing happens when it does not take part, or leaves already. */
  drain(worker: string): void {
    this.#handle({ type: 'drain', worker, at: now() });
  }

  /** Gives up the round in progress, if any: its wait ends with the error. */
  interrupt(error: Error): void {
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  /** Judges an upload by its header, before memory is given to it; who promises other sizes than the round has is at fault as with wrong sums. */
  judge(header: ContributionHeader): ContributeAck | undefined {
    const refusal = judgeHeader(header, this.#machine.round);
    const { worker, incarnation, round } = header;
    if (refusal?.result === 'corrupt') this.#handle({ type: 'malformed', worker, incarnation, round, reason: refusal.detail, at: now() });
    return refusal;
  }

  /** Hands a whole contribution to the round. */
  contribute(arrived: WireContribution): ContributeAck {
    const { worker, incarnation, round, block, count, scalars, sums, crcs } = arrived;
    const contribution: Contribution = { block, count, scalars, sums };
    const checked = crcs && { crcs };
    const actions = this.#machine.handle({ type: 'contribution', worker, incarnation, round, contribution, ...checked, at: now() });
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

  /** Lets every worker go without a word: it looks for whoever leads the run now. */
  release(): void {
    clearInterval(this.#timer);
    for (const { peer } of this.#visitors) peer.end();
  }

  #message(visitor: Visitor, message: WorkerMessage): void {
    const member = memberOf(visitor);
    switch (message.type) {
      case 'ready': {
        this.#residents.add(visitor, now());
        this.#handle({ type: 'joined', ...member, fingerprint: message.fingerprint, at: now() });
        break;
      }
      case 'heartbeat': {
        const resident = this.#residents.get(member);
        if (!resident) return; // evicted a moment ago
        const { computing, generation, open, slots: progress } = message;
        resident.isComputing = computing;
        this.#options.observer.event('worker.progress', { worker: member.worker, ...resident.meter.read(message, now()) });
        this.#handle({ type: 'heartbeat', ...member, generation, open, progress, at: now() });
        break;
      }
      case 'draining':
        this.#markDraining(visitor, message.reason);
        this.#handle({ type: 'draining', ...member, at: now() });
        break;
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
    const resident = this.#residents.get(member);
    if (resident?.peer !== visitor.peer) return; // evicted before, or replaced by a newer session of the same process
    this.#residents.delete(member);
    if (resident.isAdmitted) this.#lost(member.worker, reason);
    this.#handle({ type: 'left', ...member, reason, at: now() });
  }

  #handle(event: Parameters<CoordinatorMachine['handle']>[0]): void {
    this.#perform(this.#machine.handle(event));
  }

  #perform(actions: readonly CoordinatorAction[]): void {
    const { observer } = this.#options;
    for (const action of actions) {
      switch (action.type) {
        case 'acknowledge':
          break; // the upload's own answer
        case 'round-complete':
          this.#settle()?.resolve(action);
          break;
        case 'abandon-round':
          this.#settle()?.reject(new ProgramFailed(failureOf(action)));
          break;
        case 'round-failed':
          this.#settle()?.reject(roundFailed(action.reason));
          break;
        case 'straggler':
        case 'dispute':
        case 'quarantine':
          observer.event(...newsOf(action));
          break;
        default:
          this.#tell(action);
      }
    }
  }

  #settle(): PendingRound | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #tell(action: Extract<CoordinatorAction, { type: 'admit' | 'refuse' | 'defer' | 'drain' | 'assign' | 'evict' }>): void {
    const resident = this.#residents.get(action);
    if (!resident) return;
    const { peer, hello } = resident;
    const { observer } = this.#options;
    const { worker } = action;
    switch (action.type) {
      case 'admit':
        resident.isAdmitted = true;
        peer.send({ type: 'admitted', generation: action.generation });
        observer.joined(worker, { pid: hello.pid, fingerprint: this.#machine.fingerprint ?? {} });
        break;
      case 'refuse':
        this.#residents.delete(action);
        peer.send(refusal(action));
        peer.end();
        break;
      case 'defer':
        this.#residents.delete(action);
        observer.event('worker.deferred', { worker, reason: action.reason, retryAfterMs: action.retryAfterMs });
        peer.send(deferral(action));
        peer.end();
        break;
      case 'drain':
        resident.isDraining = true;
        peer.send({ type: 'drain', reason: 'the coordinator was asked to let it go' });
        break;
      case 'assign':
        peer.send({ type: 'assign', ...action.assignment });
        break;
      case 'evict':
        this.#residents.delete(action);
        this.#lost(worker, action.reason);
        // Two live processes of one name would replace each other for ever.
        if (this.#residents.isPresent(worker)) peer.send(nameTaken(worker));
        peer.end();
        break;
    }
  }

  #markDraining(visitor: Visitor, reason: string): void {
    const resident = this.#residents.get(memberOf(visitor));
    if (!resident?.isAdmitted) return;
    resident.isDraining = true;
    this.#options.observer.event('worker.draining', { worker: visitor.hello.worker, reason });
  }

  #lost(worker: string, reason: string): void {
    this.#options.observer.event('worker.lost', { worker, reason });
  }
}

/** Monotonic milliseconds. */
function now(): number {
  return performance.now();
}
