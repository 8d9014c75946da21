/**
 * One run as a pure state machine: plan a round, absorb its total, commit, announce. A commit is an entry of the log; the update is
 * streamed and the next round begins while it is being made durable, and only then is the step announced; at most one commit is under way.
 * Where the log is ahead of the parameters (a coordinator came back from a checkpoint), rounds are taken again and what they lead to must
 * be what the log says: from the journal that costs no worker anything, and nothing is written or announced twice (exactness.md 11, 12).
 */
import type { CommittedParameters } from './committed-parameters.ts';
import { unreachable } from './errors.ts';
import { compareCommit } from './log-comparison.ts';
import type { ControlEntry, LogEntry, RejectedEntry, RoundRecord, StepEntry } from './log-entries.ts';
import { planRound } from './round.ts';
import type { RoundPlan } from './round.ts';
import type { RunMachineAction, RunMachineEvent } from './run-messages.ts';
import type { Absorbed, RoundFailure, Trainer } from './training-interfaces.ts';

type EventOf<T extends RunMachineEvent['type']> = Extract<RunMachineEvent, { type: T }>;

/** Options of {@link RunMachine}. */
export interface RunMachineOptions {
  readonly run: string;
  /** Stands where `committed` stands. */
  readonly trainer: Trainer;
  readonly committed: CommittedParameters;
  /** The last step that was made; default 0. */
  readonly step?: number;
  /** What the log has beyond that, in order; default nothing. */
  readonly ahead?: readonly (StepEntry | RejectedEntry)[];
  /** A pause that the log knows of: the first step that is not to be made. */
  readonly pausedFrom?: number;
}

/** A round that the trainer has answered: its total has been absorbed, or its failure. */
interface FinishedRound {
  readonly round: RoundPlan;
  readonly record: RoundRecord;
  readonly absorbed: Absorbed;
  readonly failure?: RoundFailure;
}

/** An entry on its way to the disk, and what is said when it is there. */
interface Pending {
  readonly isCommit: boolean;
  readonly announcement: RunMachineAction;
}

/** The core of a coordinator's run. After it has thrown it must not be used again. */
export class RunMachine {
  readonly #run: string;
  readonly #trainer: Trainer;
  readonly #committed: CommittedParameters;
  readonly #ahead: (StepEntry | RejectedEntry)[];
  readonly #pending: Pending[] = [];
  #step: number;
  #pausedFrom: number | undefined;
  #isIdle = true;
  #round: RoundPlan | undefined;
  /** Absorbed, but the commit before it is not durable yet. */
  #waiting: FinishedRound | undefined;
  /** Rounds since the last entry. */
  #rounds: RoundRecord[] = [];
  #ending: 'completed' | 'stopped' | undefined;
  #hasEnded = false;

  constructor(options: RunMachineOptions) {
    this.#run = options.run;
    this.#trainer = options.trainer;
    this.#committed = options.committed;
    this.#step = options.step ?? 0;
    this.#ahead = [...(options.ahead ?? [])];
    this.#pausedFrom = options.pausedFrom;
  }

  /** The last step whose update has been applied. */
  get step(): number {
    return this.#step;
  }

  /** The round in progress. */
  get round(): RoundPlan | undefined {
    return this.#round;
  }

  /** Entries of the log that are still to be made again; 0 once the parameters stand at its head. */
  get ahead(): number {
    return this.#ahead.length;
  }

  /** Whether it waits for somebody to resume it. */
  get isPaused(): boolean {
    return this.#isIdle && this.#pausedFrom !== undefined && this.#ending === undefined;
  }

  /**
   * Takes one event; the actions are to be carried out in order.
   * @throws what the trainer throws, {LogMismatchError} when a step comes out otherwise than the log says
   */
  handle(event: RunMachineEvent): RunMachineAction[] {
    switch (event.type) {
      case 'start':
        return this.#proceed();
      case 'round-complete':
        return this.#complete(event);
      case 'round-abandoned':
        return this.#abandon(event);
      case 'appended':
        return this.#appended();
      case 'control':
        return this.#control(event);
      case 'stop':
        this.#ending ??= 'stopped';
        return this.#isIdle ? this.#end() : [];
      case 'interrupt':
        this.#ending ??= 'stopped';
        this.#round = undefined;
        this.#waiting = undefined;
        this.#isIdle = true;
        return this.#end();
      default:
        return unreachable('RunMachine.handle', event);
    }
  }

  #complete({ total, coverage, dropped }: EventOf<'round-complete'>): RunMachineAction[] {
    const round = this.#round;
    if (round === undefined) return []; // it was interrupted
    this.#round = undefined;
    const { attempt, phase, inputDigest } = round;
    const record: RoundRecord = { attempt, phase, inputDigest, examples: total.count, coverage, ...(dropped?.length && { dropped }) };
    return this.#finish({ round, record, absorbed: this.#trainer.absorb(total) });
  }

  #abandon({ failure }: EventOf<'round-abandoned'>): RunMachineAction[] {
    const round = this.#round;
    if (round === undefined) return [];
    this.#round = undefined;
    const absorbed = this.#trainer.reject?.(failure);
    if (absorbed === undefined) return [{ type: 'failed', failure }];
    const { attempt, phase, inputDigest } = round;
    const record: RoundRecord = { attempt, phase, inputDigest, examples: 0, coverage: [], failed: failure.reason };
    return this.#finish({ round, record, absorbed, failure });
  }

  /** Goes on when the commit before is durable. */
  #finish(finished: FinishedRound): RunMachineAction[] {
    if (!this.#pending.some(({ isCommit }) => isCommit)) return [...this.#conclude(finished), ...this.#proceed()];
    this.#waiting = finished;
    return [];
  }

  #appended(): RunMachineAction[] {
    const [done] = this.#pending.splice(0, 1);
    const actions = done ? [done.announcement] : [];
    const finished = this.#waiting;
    if (finished && !this.#pending.some(({ isCommit }) => isCommit)) {
      this.#waiting = undefined;
      return [...actions, ...this.#conclude(finished), ...this.#proceed()];
    }
    return this.#ending !== undefined && this.#isIdle ? [...actions, ...this.#end()] : actions;
  }

  #control({ action, reason, workers, worker }: EventOf<'control'>): RunMachineAction[] {
    if (this.#ending !== undefined) return [];
    const next = this.#nextStep();
    const resumes = action === 'resume' && this.isPaused;
    if (action === 'pause') this.#pausedFrom ??= next;
    if (action === 'resume') this.#pausedFrom = undefined;
    const entry: ControlEntry = {
      type: 'control',
      action,
      step: next,
      reason,
      ...(workers !== undefined && { workers }),
      ...(worker !== undefined && { worker }),
    };
    const actions = this.#append(entry, { isCommit: false, announcement: { type: 'controlled', entry } });
    return resumes ? [...actions, ...this.#proceed()] : actions;
  }

  /** The first step of which no round has begun. */
  #nextStep(): number {
    const isUnderWay = this.#rounds.length > 0 || (this.#round?.step ?? 0) > this.#step || this.#waiting !== undefined;
    return this.#step + (isUnderWay ? 2 : 1);
  }

  #conclude({ round, record, absorbed, failure }: FinishedRound): RunMachineAction[] {
    const { update, rejected, layers, evaluation } = absorbed;
    const { step } = round;
    const actions: RunMachineAction[] = [];
    const isEvaluation = evaluation !== undefined || (failure !== undefined && !rejected);
    if (!isEvaluation) this.#rounds.push(record);
    if (update) {
      const combination = 'combination' in update && { combination: update.combination };
      actions.push({ type: 'publish', update: this.#committed.advance(update), ...combination });
    }
    if (update && !rejected) {
      this.#step = step;
      actions.push({ type: 'advanced', step });
    }
    if (rejected) actions.push(...this.#reject(round, { ...absorbed, rejected }, failure));
    else if (update) actions.push(...this.#commit(round, record, absorbed));
    if (layers) actions.push({ type: 'refreshed', step, layers });
    if (evaluation) actions.push({ type: 'evaluated', ...evaluation, step });
    if (failure && !rejected) actions.push({ type: 'unevaluated', failure });
    return actions;
  }

  #commit({ step, attempt, phase, inputDigest }: RoundPlan, { examples, coverage }: RoundRecord, absorbed: Absorbed): RunMachineAction[] {
    const { record, measurements } = absorbed;
    const entry: StepEntry = {
      type: 'step',
      step,
      attempt,
      phase,
      ...this.#committed.position,
      inputDigest,
      examples,
      rounds: this.#takeRounds(),
      ...(record && { record }),
      ...(measurements && { measurements }),
    };
    const workers = new Set(coverage.map(({ worker }) => worker)).size;
    return this.#write(entry, { type: 'committed', step, phase, examples, measurements: measurements ?? {}, workers });
  }

  #reject(
    { step, attempt, phase }: RoundPlan,
    { update, rejected }: Absorbed & { readonly rejected: NonNullable<Absorbed['rejected']> },
    failure: RoundFailure | undefined,
  ): RunMachineAction[] {
    const { reason, damping } = rejected;
    const takenBack = update !== undefined;
    const rejection = { step, attempt, phase, reason, damping };
    const position = takenBack && { position: this.#committed.position };
    const entry: RejectedEntry = { type: 'rejected', ...rejection, ...position, rounds: this.#takeRounds() };
    const met = failure && { failure: { worker: failure.worker, reason: failure.reason } };
    return this.#write(entry, { type: 'rejected', ...rejection, takenBack, ...met });
  }

  #takeRounds(): RoundRecord[] {
    const rounds = this.#rounds;
    this.#rounds = [];
    return rounds;
  }

  /** An entry that the log has already must be the one it has. */
  #write(entry: StepEntry | RejectedEntry, announcement: RunMachineAction): RunMachineAction[] {
    const logged = this.#ahead.shift();
    if (logged === undefined) return this.#append(entry, { isCommit: true, announcement });
    compareCommit(logged, entry);
    return [{ type: 'reproduced', step: entry.step }];
  }

  #append(entry: LogEntry, pending: Pending): RunMachineAction[] {
    this.#pending.push(pending);
    return [{ type: 'append', entry }];
  }

  #proceed(): RunMachineAction[] {
    this.#isIdle = true;
    if (this.#ending !== undefined) return this.#end();
    const plan = this.#trainer.plan();
    if (plan === undefined) {
      this.#ending = 'completed';
      return this.#end();
    }
    if (this.#pausedFrom !== undefined && this.#ahead.length === 0 && plan.step >= this.#pausedFrom)
      return [{ type: 'paused', step: plan.step }];
    this.#isIdle = false;
    const round = planRound({ run: this.#run, plan, position: this.#committed.position });
    this.#round = round;
    const dropped = this.#droppedBefore(round);
    return [{ type: 'begin-round', round, ...(plan.inputs && { inputs: plan.inputs }), ...(dropped && { dropped }) }];
  }

  /** What a relaxed run left out of this round when its step was logged. */
  #droppedBefore({ inputDigest }: RoundPlan): readonly number[] | undefined {
    return this.#ahead[0]?.rounds?.find((record) => record.inputDigest === inputDigest)?.dropped;
  }

  #end(): RunMachineAction[] {
    if (this.#hasEnded || this.#pending.length > 0 || this.#ending === undefined) return [];
    this.#hasEnded = true;
    return [{ type: 'ended', state: this.#ending }];
  }
}
