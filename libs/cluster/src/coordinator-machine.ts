/**
 * The coordinator's protocol as a pure state machine: events in, actions out, no clock, no socket. Accepted slots survive every change
 * of membership; a lost, late or stalled worker's uncovered slots go to the others, a late joiner takes what is nobody's or waits for the
 * next round. Rounds wait for ever when nobody is there. Exactness rests on {@link RoundLedger} alone (exactness.md 8, 9; distributed.md 3).
 */
import type { AcceptedDigests } from './accepted-digests.ts';
import { contributionDigest } from './accepted-digests.ts';
import { findFault } from './contribution.ts';
import type { Assignment, CoordinatorAction, CoordinatorEvent } from './coordinator-messages.ts';
import { checkOptions } from './coordinator-options.ts';
import type { CoordinatorOptions } from './coordinator-options.ts';
import { CorruptCount } from './corrupt-count.ts';
import { ProtocolError, unreachable } from './errors.ts';
import { Membership } from './membership.ts';
import type { Fingerprint, Member } from './membership.ts';
import { ProgressWatch } from './progress-watch.ts';
import { Quarantine } from './quarantine.ts';
import { RoundLedger } from './round-ledger.ts';
import type { DisputeNews, Verdict } from './round-ledger.ts';
import { checkPlan, identityOf, sameRound } from './round.ts';
import type { RoundIdentity, RoundPlan } from './round.ts';
import { WorkDistributor } from './work-distributor.ts';

type EventOf<T extends CoordinatorEvent['type']> = Extract<CoordinatorEvent, { type: T }>;

/** A member as people see it. `draining`: it leaves in order. `stalled`: it is there, but does not move; its work is with others. */
export interface MemberState extends Member {
  readonly state: 'active' | 'draining' | 'stalled';
}

/** The last round that was completed. */
interface CompletedRound {
  readonly plan: RoundPlan;
  readonly digests: AcceptedDigests;
}

/**
 * One run's coordinator.
 *
 * *Limitations*: a wrong result that nobody else computes is not noticed, and one that is noticed after its round has been completed is
 * only reported; a worker that never finishes a block, while nobody else is there, holds the round.
 */
export class CoordinatorMachine {
  readonly #membership: Membership;
  readonly #work: WorkDistributor;
  readonly #quarantine: Quarantine;
  readonly #watch = new ProgressWatch();
  readonly #corrupt: CorruptCount;
  readonly #stallMs: number;
  readonly #quorum: number | undefined;
  /** Whether the round in progress may leave slots out beside those that the log says. */
  #mayDrop = false;
  #ledger: RoundLedger | undefined;
  #completed: CompletedRound | undefined;

  /** @throws {ProtocolError} naming the option */
  constructor(options: CoordinatorOptions) {
    checkOptions(options);
    this.#membership = new Membership(options);
    this.#work = new WorkDistributor(options.backup);
    this.#quarantine = new Quarantine(options.quarantineMs);
    this.#corrupt = new CorruptCount(options.corruptLimit);
    this.#stallMs = options.stallMs ?? 20 * options.leaseMs;
    this.#quorum = options.quorum;
  }

  /** The members' names in code-unit order. */
  get workers(): string[] {
    return this.#membership.workers();
  }

  /** The members in code-unit order of their names, with what is known of them. */
  get members(): MemberState[] {
    return this.#membership.members().map((member) => {
      const { worker } = member;
      if (this.#membership.isDraining(worker)) return { ...member, state: 'draining' };
      return { ...member, state: this.#watch.isStalled(worker) ? 'stalled' : 'active' };
    });
  }

  /** The frozen fingerprint; undefined until the first worker has joined. */
  get fingerprint(): Fingerprint | undefined {
    return this.#membership.fingerprint;
  }

  /** The round in progress; undefined between rounds. */
  get round(): RoundPlan | undefined {
    return this.#ledger?.plan;
  }

  /**
   * Takes one event; the actions are to be carried out in order.
   * @throws {ProtocolError} when a round begins before the last one is over, or its plan is impossible
   */
  handle(event: CoordinatorEvent): CoordinatorAction[] {
    switch (event.type) {
      case 'joined':
        return this.#joined(event);
      case 'left':
        return this.#remove(event) ? this.#distribute(event.at) : [];
      case 'heartbeat':
        return this.#heartbeat(event);
      case 'draining':
        return this.#draining(event);
      case 'drain':
        return this.#drain(event);
      case 'contribution':
        return this.#contribution(event);
      case 'malformed':
        return this.#ledger && sameRound(event.round, this.#ledger.plan) ? this.#corrupted(event, event.reason) : [];
      case 'program-failed':
        return this.#abandon(event);
      case 'begin-round':
        return this.#beginRound(event);
      case 'tick':
        return this.#tick(event.at);
      default:
        return unreachable('CoordinatorMachine.handle', event);
    }
  }

  // ---- members

  #joined(event: EventOf<'joined'>): CoordinatorAction[] {
    const { worker, incarnation, at } = event;
    const retryAfterMs = Math.ceil(this.#quarantine.remainingMs(worker, at));
    if (retryAfterMs > 0) return [{ type: 'defer', worker, incarnation, retryAfterMs, reason: `${worker} is quarantined` }];
    const admission = this.#membership.join(event);
    if (!admission.admitted) return [{ type: 'refuse', worker, incarnation, ...admission.refusal }];
    const actions: CoordinatorAction[] = [];
    if (admission.replaced) actions.push({ type: 'evict', ...admission.replaced, reason: `replaced by incarnation ${incarnation}` });
    // A new session knows nothing of what an earlier one was asked for.
    this.#work.board.release(worker);
    this.#watch.join(worker, at);
    actions.push({ type: 'admit', worker, incarnation, generation: this.#work.board.generation });
    if (this.#membership.isDraining(worker)) actions.push({ type: 'drain', worker, incarnation });
    return [...actions, ...this.#distribute(at)];
  }

  #heartbeat(event: EventOf<'heartbeat'>): CoordinatorAction[] {
    const { worker, incarnation, generation, open, progress, at } = event;
    if (!this.#membership.renew(event, at)) return [{ type: 'evict', worker, incarnation, reason: 'not a member (join again)' }];
    const hasRevived = progress !== undefined && this.#watch.report(worker, progress, at);
    const pending = this.#ledger && this.#work.board.pending(worker, this.#ledger);
    if (pending === undefined) return hasRevived ? this.#distribute(at) : this.#overdue(at);
    const hasMissed = pending.generation !== generation;
    if (hasMissed && !this.#membership.isDraining(worker)) return [{ type: 'assign', worker, incarnation, assignment: pending }];
    if (open > 0 && !hasMissed) return this.#overdue(at);
    // It has given up what it was asked for (a transfer that kept failing, a drain): nobody is working on it.
    this.#work.board.release(worker);
    return this.#distribute(at);
  }

  #draining(event: EventOf<'draining'>): CoordinatorAction[] {
    if (!this.#membership.drain(event)) return [];
    if (this.#ledger) this.#work.board.releaseUnstarted(event.worker, this.#ledger);
    return this.#distribute(event.at);
  }

  #drain({ worker }: EventOf<'drain'>): CoordinatorAction[] {
    const member = this.#membership.find(worker);
    return member && this.#membership.drain(member) ? [{ type: 'drain', ...member }] : [];
  }

  #remove(member: Member): boolean {
    if (!this.#membership.remove(member)) return false;
    this.#work.board.release(member.worker);
    this.#watch.forget(member.worker);
    return true;
  }

  #banish(worker: string, reason: string, at: number): CoordinatorAction[] {
    const cooldownMs = this.#quarantine.strike(worker, at);
    const member = this.#membership.find(worker);
    const actions: CoordinatorAction[] = [{ type: 'quarantine', worker, cooldownMs, reason }];
    return member ? [...actions, ...this.#evict(member, reason)] : actions;
  }

  #evict({ worker, incarnation }: Member, reason: string): CoordinatorAction[] {
    return this.#remove({ worker, incarnation }) ? [{ type: 'evict', worker, incarnation, reason }] : [];
  }

  // ---- contributions

  #contribution(event: EventOf<'contribution'>): CoordinatorAction[] {
    const { worker, incarnation, round, contribution, at } = event;
    if (this.#membership.renew(event, at)) this.#watch.moved(worker, at);
    const { dispute, ...verdict } = this.#judge(event);
    const { block } = contribution;
    const answer: CoordinatorAction = { type: 'acknowledge', worker, incarnation, round: identityOf(round), block, ...verdict };
    const news = dispute ? this.#disputed(round, dispute, at) : [];
    switch (verdict.result) {
      case 'accepted':
        if (this.#ledger) this.#work.accepted(worker, block, { ledger: this.#ledger, at });
        return [answer, ...news, ...this.#afterAccepted(at, dispute !== undefined)];
      case 'corrupt':
        return [answer, ...this.#corrupted(event, verdict.detail)];
      case 'overlap':
        if (this.#membership.has(event)) this.#work.board.release(worker);
        return [answer, ...this.#distribute(at)];
      case 'duplicate':
      case 'stale':
        return dispute ? [answer, ...news, ...this.#distribute(at)] : [answer];
      default:
        return unreachable('CoordinatorMachine.contribution', verdict.result);
    }
  }

  #judge({ worker, incarnation, round, contribution, crcs, at }: EventOf<'contribution'>): Verdict {
    if (this.#quarantine.remainingMs(worker, at) > 0) return { result: 'stale', detail: `${worker} is quarantined` };
    if (this.#ledger && sameRound(round, this.#ledger.plan)) {
      if (this.#suspects().has(worker)) return { result: 'stale', detail: `a block of ${worker} is in dispute: nothing of it counts` };
      return this.#ledger.offer({ worker, incarnation }, contribution, crcs);
    }
    if (!this.#completed || !sameRound(round, this.#completed.plan))
      return { result: 'stale', detail: `step ${round.step}, phase ${round.phase} is not the round in progress` };
    const fault = findFault(contribution, this.#completed.plan);
    if (fault !== undefined) return { result: 'corrupt', detail: fault };
    const { block } = contribution;
    const rival = this.#completed.digests.rival(block, contributionDigest(contribution, crcs));
    const verdict: Verdict = { result: 'duplicate', detail: 'the round is complete' };
    return rival ? { ...verdict, dispute: { block, workers: [rival.worker, worker] } } : verdict;
  }

  #afterAccepted(at: number, hasDecided: boolean): CoordinatorAction[] {
    const completed = this.#completeRound(at);
    if (completed.length > 0) return completed;
    return hasDecided ? this.#distribute(at) : this.#overdue(at);
  }

  #completeRound(at: number): CoordinatorAction[] {
    const ledger = this.#ledger;
    if (!ledger?.complete) return [];
    this.#ledger = undefined;
    this.#completed = { plan: ledger.plan, digests: ledger.digests };
    this.#work.endRound(ledger, at);
    const { dropped } = ledger;
    return [{ type: 'round-complete', round: ledger.plan, total: ledger.total(), coverage: ledger.coverage(), dropped }];
  }

  #corrupted({ worker, incarnation, round, at }: EventOf<'contribution' | 'malformed'>, detail: string): CoordinatorAction[] {
    const others = this.#membership.workers().filter((other) => other !== worker && !this.#corrupt.has(other));
    const isPresent = this.#ledger !== undefined && sameRound(round, this.#ledger.plan); // else it says nothing of the round in progress
    const isHopeless = isPresent && this.#corrupt.add(worker, others.length > 0);
    const reason = `corrupt contribution: ${detail}`;
    // A worker that is alone must try again: nobody else could, or tell whether it or the training is at fault.
    const actions = others.length > 0 ? this.#banish(worker, reason, at) : this.#evict({ worker, incarnation }, reason);
    if (this.#ledger && isHopeless) {
      const { plan } = this.#ledger;
      this.#ledger = undefined;
      const text = `step ${plan.step}, phase ${plan.phase}: ${this.#corrupt.total} corrupt contributions, the last from ${worker}: ${detail}`;
      return [...actions, { type: 'round-failed', round: plan, reason: text }];
    }
    return [...actions, ...this.#distribute(at)];
  }

  /** What a dispute leads to, beside another distribution. */
  #disputed(round: RoundIdentity, { block, workers, odd }: DisputeNews, at: number): CoordinatorAction[] {
    const isOver = !this.#ledger || !sameRound(round, this.#ledger.plan);
    const because = isOver ? 'after the round was complete: its total may be wrong' : 'the round starts again and others compute the block';
    const detail = odd ? `${odd.join(' and ')} computed other bits than two workers` : because;
    const dispute = { type: 'dispute', round: identityOf(round), block, workers, resolved: odd !== undefined, detail } as const;
    if (!isOver && !odd) this.#work.board.clear();
    return [dispute, ...(odd ?? []).flatMap((worker) => this.#banish(worker, `other bits than two other workers: ${detail}`, at))];
  }

  #suspects(): ReadonlySet<string> {
    return new Set(this.#ledger?.disputes.flatMap(({ workers }) => workers));
  }

  // ---- rounds

  #abandon({ worker, incarnation, round, reason, at }: EventOf<'program-failed'>): CoordinatorAction[] {
    this.#membership.renew({ worker, incarnation }, at);
    const plan = this.#ledger?.plan;
    if (!plan || !sameRound(round, plan)) return [];
    this.#ledger = undefined;
    this.#work.board.clear();
    return [{ type: 'abandon-round', round: plan, worker, reason }];
  }

  #beginRound({ plan, dropped, at }: EventOf<'begin-round'>): CoordinatorAction[] {
    if (this.#ledger) throw new ProtocolError('begin-round', 'no round in progress', `step ${this.#ledger.plan.step}`);
    checkPlan(plan);
    if (this.#completed && sameRound(plan, this.#completed.plan)) {
      throw new ProtocolError(
        'begin-round',
        'another identity than the last round (raise the attempt)',
        `step ${plan.step}, phase ${plan.phase} again`,
      );
    }
    this.#ledger = new RoundLedger(plan, dropped);
    this.#mayDrop = this.#quorum !== undefined && dropped === undefined;
    this.#corrupt.clear();
    this.#work.beginRound();
    return this.#ledger.complete ? this.#completeRound(at) : this.#distribute(at);
  }

  #tick(at: number): CoordinatorAction[] {
    const evictions = this.#membership.expired(at).flatMap((member) => this.#evict(member, 'lease expired'));
    const hasStalled = this.#stall(at);
    const distributed = evictions.length > 0 || hasStalled ? this.#distribute(at) : [];
    return [...evictions, ...distributed, ...this.#overdue(at)];
  }

  /** Takes their work from members that do not move, while there is somebody to give it to. */
  #stall(at: number): boolean {
    if (!this.#ledger) return false;
    const movement = { stallMs: this.#stallMs, movedAt: (worker: string): number => this.#watch.movedAt(worker) };
    const still = this.#work.motionless({ ledger: this.#ledger, at }, movement);
    const others = this.#eligible().filter((worker) => !still.includes(worker) && !this.#watch.isStalled(worker));
    if (still.length === 0 || others.length === 0) return false;
    for (const worker of still) {
      this.#watch.stall(worker);
      this.#work.board.release(worker);
    }
    return true;
  }

  /** Tells of late workers, asks idle ones for the same, and closes a relaxed round that has waited long enough. */
  #overdue(at: number): CoordinatorAction[] {
    const ledger = this.#ledger;
    if (!ledger) return [];
    const quorum = (this.#quorum ?? Infinity) * ledger.plan.slots;
    const mayClose = this.#mayDrop && ledger.disputes.length === 0 && this.#work.isOverdue({ ledger, at });
    if (mayClose && ledger.plan.slots - ledger.uncovered().length >= quorum) {
      ledger.dropRest();
      return this.#completeRound(at);
    }
    const late = this.#work.late({ ledger, at });
    if (late.length === 0) return [];
    const news = this.#work.firstSeen(late).map((straggler) => ({ type: 'straggler', ...straggler }) as const);
    return [...news, ...this.#assign(this.#work.backUp(late, { ledger, at, eligible: this.#eligible() }))];
  }

  /** Who may be asked for something: stalled members only where nobody else is there. */
  #eligible(): string[] {
    const suspects = this.#suspects();
    const willing = this.#membership.workers().filter((worker) => !this.#membership.isDraining(worker) && !suspects.has(worker));
    const moving = willing.filter((worker) => !this.#watch.isStalled(worker));
    return moving.length > 0 ? moving : willing;
  }

  #distribute(at: number): CoordinatorAction[] {
    const ledger = this.#ledger;
    if (!ledger) return [];
    const actions = this.#eligible().length === 0 ? this.#giveDisputesUp(ledger, at) : [];
    const assigned = this.#assign(this.#work.distribute({ ledger, at, eligible: this.#eligible() }));
    return [...actions, ...assigned, ...this.#overdue(at)];
  }

  /** Where nobody is left to decide a dispute, all of its workers go, and whoever comes next is believed. */
  #giveDisputesUp(ledger: RoundLedger, at: number): CoordinatorAction[] {
    return ledger.disputes.flatMap((dispute) => {
      ledger.dismiss(dispute);
      return dispute.workers.flatMap((worker) => this.#banish(worker, 'other bits than another worker, and nobody to decide', at));
    });
  }

  #assign(assignments: ReadonlyMap<string, Assignment>): CoordinatorAction[] {
    if (assignments.size === 0) return [];
    return this.#membership.members().flatMap((member): CoordinatorAction[] => {
      const assignment = assignments.get(member.worker);
      return assignment ? [{ type: 'assign', ...member, assignment }] : [];
    });
  }
}
