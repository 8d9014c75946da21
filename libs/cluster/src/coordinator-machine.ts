/**
 * The coordinator's protocol as a pure state machine: events in, actions out, no clock, no socket. Accepted slots survive every change
 * of membership; a lost worker's uncovered slots go to the others, a late one takes what is nobody's or waits for the next round.
 * Rounds wait for ever when nobody is there. Exactness rests on {@link RoundLedger} alone (exactness.md 8, distributed.md 3).
 */
import { AssignmentBoard } from './assignment-board.ts';
import type { CoordinatorAction, CoordinatorEvent } from './coordinator-messages.ts';
import { ProtocolError, unreachable } from './errors.ts';
import { Membership } from './membership.ts';
import type { Fingerprint, Member, MembershipOptions } from './membership.ts';
import { RoundLedger } from './round-ledger.ts';
import type { Verdict } from './round-ledger.ts';
import { checkPlan, identityOf, sameRound } from './round.ts';
import type { RoundIdentity, RoundPlan } from './round.ts';

type EventOf<T extends CoordinatorEvent['type']> = Extract<CoordinatorEvent, { type: T }>;

/** Options of {@link CoordinatorMachine}. */
export interface CoordinatorOptions extends MembershipOptions {
  /** Corrupt contributions after which a round is given up; default 3. */
  readonly corruptLimit?: number;
}

/**
 * One run's coordinator.
 *
 * *Limitations*: no deadlines or backup execution: a worker that heartbeats but never computes holds its slots; an evicted worker
 * may join again at once.
 */
export class CoordinatorMachine {
  readonly #membership: Membership;
  readonly #board = new AssignmentBoard();
  readonly #corruptLimit: number;
  #ledger: RoundLedger | undefined;
  #completed: RoundIdentity | undefined;
  #corrupt = 0;

  constructor(options: CoordinatorOptions) {
    this.#membership = new Membership(options);
    this.#corruptLimit = options.corruptLimit ?? 3;
  }

  /** The members' names in code-unit order. */
  get workers(): string[] {
    return this.#membership.workers();
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
        return this.#membership.remove(event) ? this.#lost(event) : [];
      case 'heartbeat':
        return this.#heartbeat(event);
      case 'contribution':
        return this.#contribution(event);
      case 'program-failed':
        return this.#abandon(event);
      case 'begin-round':
        return this.#beginRound(event.plan);
      case 'tick':
        return this.#tick(event.at);
      default:
        return unreachable('CoordinatorMachine.handle', event);
    }
  }

  #joined(event: EventOf<'joined'>): CoordinatorAction[] {
    const admission = this.#membership.join(event);
    const { worker, incarnation } = event;
    if (!admission.admitted) return [{ type: 'refuse', worker, incarnation, ...admission.refusal }];
    const actions: CoordinatorAction[] = [];
    if (admission.replaced) actions.push({ type: 'evict', ...admission.replaced, reason: `replaced by incarnation ${incarnation}` });
    // A new session knows nothing of what an earlier one was asked for.
    this.#board.release(worker);
    actions.push({ type: 'admit', worker, incarnation, generation: this.#board.generation });
    return [...actions, ...this.#distribute()];
  }

  #lost({ worker }: Member): CoordinatorAction[] {
    this.#board.release(worker);
    return this.#distribute();
  }

  #heartbeat(event: EventOf<'heartbeat'>): CoordinatorAction[] {
    const { worker, incarnation, generation, open, at } = event;
    if (!this.#membership.renew(event, at)) return [{ type: 'evict', worker, incarnation, reason: 'not a member (join again)' }];
    const pending = this.#ledger && this.#board.pending(worker, this.#ledger);
    if (pending === undefined) return [];
    if (pending.generation !== generation) return [{ type: 'assign', worker, incarnation, assignment: pending }];
    if (open > 0) return [];
    // It has given up what it was asked for (a transfer that kept failing): nobody is working on it.
    this.#board.release(worker);
    return this.#distribute();
  }

  #contribution(event: EventOf<'contribution'>): CoordinatorAction[] {
    const { worker, incarnation, round, contribution, at } = event;
    this.#membership.renew(event, at);
    const verdict = this.#judge(event);
    const { block } = contribution;
    const answer: CoordinatorAction = { type: 'acknowledge', worker, incarnation, round: identityOf(round), block, ...verdict };
    switch (verdict.result) {
      case 'accepted':
        return [answer, ...this.#completeRound()];
      case 'corrupt':
        return [answer, ...this.#corrupted(event, verdict.detail)];
      case 'overlap':
        if (this.#membership.has(event)) this.#board.release(worker);
        return [answer, ...this.#distribute()];
      case 'duplicate':
      case 'stale':
        return [answer];
      default:
        return unreachable('CoordinatorMachine.contribution', verdict.result);
    }
  }

  #judge({ worker, incarnation, round, contribution }: EventOf<'contribution'>): Verdict {
    if (this.#ledger && sameRound(round, this.#ledger.plan)) return this.#ledger.offer({ worker, incarnation }, contribution);
    if (this.#completed && sameRound(round, this.#completed)) return { result: 'duplicate', detail: 'the round is complete' };
    return { result: 'stale', detail: `step ${round.step}, phase ${round.phase} is not the round in progress` };
  }

  #completeRound(): CoordinatorAction[] {
    const ledger = this.#ledger;
    if (!ledger?.complete) return [];
    this.#ledger = undefined;
    this.#completed = identityOf(ledger.plan);
    return [{ type: 'round-complete', round: ledger.plan, total: ledger.total(), coverage: ledger.coverage() }];
  }

  #corrupted({ worker, incarnation }: Member, detail: string): CoordinatorAction[] {
    this.#corrupt += 1;
    const actions: CoordinatorAction[] = [];
    if (this.#membership.remove({ worker, incarnation })) {
      actions.push({ type: 'evict', worker, incarnation, reason: `corrupt contribution: ${detail}` });
      this.#board.release(worker);
    }
    if (this.#ledger && this.#corrupt >= this.#corruptLimit) {
      const { plan } = this.#ledger;
      this.#ledger = undefined;
      const reason = `step ${plan.step}, phase ${plan.phase}: ${this.#corrupt} corrupt contributions, the last from ${worker}: ${detail}`;
      return [...actions, { type: 'round-failed', round: plan, reason }];
    }
    return [...actions, ...this.#distribute()];
  }

  #abandon({ worker, incarnation, round, reason, at }: EventOf<'program-failed'>): CoordinatorAction[] {
    this.#membership.renew({ worker, incarnation }, at);
    const plan = this.#ledger?.plan;
    if (!plan || !sameRound(round, plan)) return [];
    this.#ledger = undefined;
    this.#board.clear();
    return [{ type: 'abandon-round', round: plan, worker, reason }];
  }

  #beginRound(plan: RoundPlan): CoordinatorAction[] {
    if (this.#ledger) throw new ProtocolError('begin-round', 'no round in progress', `step ${this.#ledger.plan.step}`);
    checkPlan(plan);
    if (this.#completed && sameRound(plan, this.#completed)) {
      throw new ProtocolError(
        'begin-round',
        'another identity than the last round (raise the attempt)',
        `step ${plan.step}, phase ${plan.phase} again`,
      );
    }
    this.#ledger = new RoundLedger(plan);
    this.#corrupt = 0;
    this.#board.clear();
    return this.#distribute();
  }

  #tick(at: number): CoordinatorAction[] {
    const expired = this.#membership.expired(at);
    if (expired.length === 0) return [];
    const evictions = expired.map((member): CoordinatorAction => {
      this.#membership.remove(member);
      this.#board.release(member.worker);
      return { type: 'evict', ...member, reason: 'lease expired' };
    });
    return [...evictions, ...this.#distribute()];
  }

  #distribute(): CoordinatorAction[] {
    if (!this.#ledger) return [];
    const changed = this.#board.distribute(this.workers, this.#ledger);
    return this.#membership.members().flatMap((member): CoordinatorAction[] => {
      const assignment = changed.get(member.worker);
      return assignment ? [{ type: 'assign', ...member, assignment }] : [];
    });
  }
}
