/**
 * One run as a pure state machine: plan a round, absorb its total, commit, announce. A commit is an entry of the log; the update is
 * streamed and the next round begins while it is being made durable, and only then is the step announced; at most one commit is under way.
 * Where the log is ahead of the parameters (a coordinator came back from a checkpoint), rounds are taken again and what they lead to must
 * be what the log says: from the journal that costs no worker anything, and no entry is written or announced twice (exactness.md 11, 12).
 */
import type { CommittedParameters } from './committed-parameters.ts';
import { ProtocolError, unreachable } from './errors.ts';
import { compareCommit, LogMismatchError } from './log-comparison.ts';
import type { ControlEntry, LogEntry, RejectedEntry, RoundRecord, StepEntry } from './log-entries.ts';
import { planRound } from './round.ts';
import type { RoundPlan } from './round.ts';
import { commitOf } from './run-commit.ts';
import type { FinishedRound, RunCommit } from './run-commit.ts';
import type { RunMachineAction, RunMachineEvent } from './run-messages.ts';
import type { Absorbed, Trainer } from './training-interfaces.ts';

type EventOf<T extends RunMachineEvent['type']> = Extract<RunMachineEvent, { type: T }>;

/** The last that a run does. */
type Ending = Extract<RunMachineAction, { type: 'ended' | 'failed' }>;

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

/** An entry on its way to the disk, and what is said when it is there. */
interface Pending {
  readonly entry: LogEntry;
  readonly announcements: readonly RunMachineAction[];
}

/** The core of a coordinator's run. After it has thrown it takes nothing but `appended`, to announce what was under way. */
export class RunMachine {
  readonly #run: string;
  readonly #trainer: Trainer;
  readonly #committed: CommittedParameters;
  readonly #ahead: (StepEntry | RejectedEntry)[];
  readonly #pending: Pending[] = [];
  #step: number;
  /** The last step of which a round has begun, here or as the log says. */
  #begun: number;
  #pausedFrom: number | undefined;
  #isPaused = false;
  #hasStarted = false;
  #round: RoundPlan | undefined;
  /** Absorbed, but the commit before it is not durable yet. */
  #waiting: FinishedRound | undefined;
  /** Rounds since the last entry. */
  readonly #rounds: RoundRecord[] = [];
  #ending: Ending | undefined;
  #hasEnded = false;

  constructor(options: RunMachineOptions) {
    this.#run = options.run;
    this.#trainer = options.trainer;
    this.#committed = options.committed;
    this.#step = options.step ?? 0;
    this.#ahead = [...(options.ahead ?? [])];
    this.#begun = Math.max(this.#step, this.#ahead.at(-1)?.step ?? 0);
    this.#pausedFrom = options.pausedFrom;
  }

  /** The last step whose update has been applied. */
  get step(): number {
    return this.#step;
  }

  /** The first step of which no round has begun, and which the log does not have: a request of a person holds from there. */
  get nextStep(): number {
    return this.#begun + 1;
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
    return this.#isPaused;
  }

  /** Whether trainer and parameters stand at the same commit, so that a checkpoint can be taken; else the trainer is one round further. */
  get isCapturable(): boolean {
    return this.#waiting === undefined;
  }

  /**
   * Takes one event; the actions are to be carried out in order.
   * @throws what the trainer throws, {LogMismatchError} when a step comes out otherwise than the log says, {ProtocolError} for an `appended`
   *   too many
   */
  handle(event: RunMachineEvent): RunMachineAction[] {
    try {
      return this.#take(event);
    } catch (error) {
      this.#ending ??= { type: 'ended', state: 'stopped' };
      this.#hasEnded = true;
      throw error;
    }
  }

  #take(event: RunMachineEvent): RunMachineAction[] {
    switch (event.type) {
      case 'start':
        return this.#start();
      case 'round-complete':
        return this.#complete(event);
      case 'round-abandoned':
        return this.#abandon(event);
      case 'appended':
        return this.#appended();
      case 'control':
        return this.#control(event);
      case 'stop':
        return this.#stop();
      case 'interrupt':
        this.#round = undefined;
        return this.#stop();
      default:
        return unreachable('RunMachine.handle', event);
    }
  }

  #start(): RunMachineAction[] {
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    return this.#proceed();
  }

  /** What has been absorbed is concluded even so, or the trainer would stand further than the parameters. */
  #stop(): RunMachineAction[] {
    this.#ending ??= { type: 'ended', state: 'stopped' };
    this.#isPaused = false;
    return this.#round === undefined ? this.#end() : [];
  }

  #complete({ total, coverage, dropped }: EventOf<'round-complete'>): RunMachineAction[] {
    const round = this.#takeRound();
    if (round === undefined) return [];
    const { attempt, phase, inputDigest } = round;
    const left = dropped && dropped.length > 0 && { dropped };
    const record: RoundRecord = { attempt, phase, inputDigest, examples: total.count, coverage, ...left };
    return this.#finish({ round, record, absorbed: this.#trainer.absorb(total) });
  }

  #abandon({ failure }: EventOf<'round-abandoned'>): RunMachineAction[] {
    const round = this.#takeRound();
    if (round === undefined) return [];
    const absorbed = this.#trainer.reject?.(failure);
    if (absorbed === undefined) {
      this.#ending = { type: 'failed', failure };
      return this.#end();
    }
    const { attempt, phase, inputDigest } = round;
    const record: RoundRecord = { attempt, phase, inputDigest, examples: 0, coverage: [], failed: failure.reason };
    return this.#finish({ round, record, absorbed, failure });
  }

  /** The round in progress, which is over; undefined where it was interrupted. */
  #takeRound(): RoundPlan | undefined {
    const round = this.#hasEnded ? undefined : this.#round;
    this.#round = undefined;
    return round;
  }

  /** Goes on when the commit before is durable. */
  #finish(finished: FinishedRound): RunMachineAction[] {
    if (!this.#pending.some(({ entry }) => entry.type !== 'control')) return [...this.#conclude(finished), ...this.#proceed()];
    this.#waiting = finished;
    return [];
  }

  #appended(): RunMachineAction[] {
    const done = this.#pending.shift();
    if (done === undefined) throw new ProtocolError('RunMachine: appended', 'an entry that was to be appended', 'none');
    const waiting = this.#hasEnded ? undefined : this.#waiting;
    if (waiting) {
      this.#waiting = undefined;
      return [...done.announcements, ...this.#finish(waiting)];
    }
    const isResumed = this.#isPaused && done.entry.type === 'control' && done.entry.action === 'resume';
    return [...done.announcements, ...(isResumed ? this.#proceed() : this.#end())];
  }

  #control({ action, reason, workers, worker }: EventOf<'control'>): RunMachineAction[] {
    if (this.#ending !== undefined) return [];
    if (action === 'pause') this.#pausedFrom ??= this.nextStep;
    const step = action === 'pause' ? this.#pausedFrom! : this.nextStep;
    if (action === 'resume') this.#pausedFrom = undefined;
    const wanted = { ...(workers !== undefined && { workers }), ...(worker !== undefined && { worker }) };
    const entry: ControlEntry = { type: 'control', action, step, reason, ...wanted };
    return this.#append(entry, [{ type: 'controlled', entry }]);
  }

  #conclude(finished: FinishedRound): RunMachineAction[] {
    const { round, record, absorbed, failure } = finished;
    const { update, rejected, layers, evaluation } = absorbed;
    const { step } = round;
    const actions: RunMachineAction[] = [];
    const leadsOn = update !== undefined || rejected !== undefined || step > this.#step;
    if (leadsOn) this.#rounds.push(record);
    if (update) {
      const combination = 'combination' in update && { combination: update.combination };
      actions.push({ type: 'publish', update: this.#committed.advance(update), ...combination });
    }
    if (update && !rejected) {
      this.#step = step;
      actions.push({ type: 'advanced', step });
    }
    const commit = commitOf(finished, () => ({ position: this.#committed.position, rounds: this.#rounds.splice(0) }));
    if (commit) actions.push(...this.#write(commit, layers));
    else if (layers) actions.push({ type: 'refreshed', step, layers });
    if (evaluation) actions.push({ type: 'evaluated', ...evaluation, step });
    if (failure && !leadsOn) actions.push({ type: 'unevaluated', failure });
    return actions;
  }

  /** An entry that the log has already must be the one it has. */
  #write({ entry, announcement }: RunCommit, layers: Absorbed['layers']): RunMachineAction[] {
    const { step } = entry;
    const logged = this.#ahead.shift();
    if (logged) {
      compareCommit(logged, entry);
      return [{ type: 'reproduced', step, ...(layers && { layers }) }];
    }
    return this.#append(entry, layers ? [{ type: 'refreshed', step, layers }, announcement] : [announcement]);
  }

  #append(entry: LogEntry, announcements: readonly RunMachineAction[]): RunMachineAction[] {
    this.#pending.push({ entry, announcements });
    return [{ type: 'append', entry }];
  }

  #proceed(): RunMachineAction[] {
    this.#isPaused = false;
    if (this.#ending !== undefined) return this.#end();
    const plan = this.#trainer.plan();
    if (plan === undefined) return this.#completed();
    if (this.#pausedFrom !== undefined && this.#ahead.length === 0 && plan.step >= this.#pausedFrom) {
      this.#isPaused = true;
      return [{ type: 'paused', step: plan.step }];
    }
    const round = planRound({ run: this.#run, plan, position: this.#committed.position });
    this.#round = round;
    this.#begun = Math.max(this.#begun, plan.step);
    const dropped = this.#droppedBefore(round);
    return [{ type: 'begin-round', round, ...(plan.inputs && { inputs: plan.inputs }), ...(dropped && { dropped }) }];
  }

  #completed(): RunMachineAction[] {
    const logged = this.#ahead.at(0);
    if (logged) throw new LogMismatchError(logged.step, 'type', { logged: `"${logged.type}"`, got: 'the end of the run' });
    this.#ending = { type: 'ended', state: 'completed' };
    return this.#end();
  }

  /** What a relaxed run left out of this round when its step was logged: exactly that is left out again. */
  #droppedBefore({ inputDigest }: RoundPlan): readonly number[] | undefined {
    const record = this.#ahead.at(0)?.rounds?.find((each) => each.inputDigest === inputDigest);
    return record && (record.dropped ?? []);
  }

  /** Says the last word once every entry is durable. */
  #end(): RunMachineAction[] {
    if (this.#hasEnded || this.#pending.length > 0 || this.#ending === undefined) return [];
    this.#hasEnded = true;
    return [this.#ending];
  }
}
