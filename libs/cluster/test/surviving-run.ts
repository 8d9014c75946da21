/** A toy run whose coordinator may die at any time; its log survives. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { commitsAfter, CommittedParameters, RunMachine, vectorDigest, vectorsOf, viewLog } from '../src/index.ts';
import type { Contribution, LogEntry, RejectedEntry, RoundFailure, RunMachineAction, RunMachineEvent, StepEntry } from '../src/index.ts';
import { bitsOf } from './fixtures.ts';
import { covered, recordsOf, runEntry } from './log-fixtures.ts';
import { computeBlock, SLOTS, ToyProgramFailure, ToyTrainer } from './toy-training.ts';

type Commit = StepEntry | RejectedEntry;
type BeginRound = Extract<RunMachineAction, { type: 'begin-round' }>;

/** What may be done to a run at any time. */
export type Disturbance = 'round' | 'disk' | 'pause' | 'resume' | 'scale' | 'crash' | 'interrupt';

/** The run. What the machine owes its caller is checked at every action. */
export class SurvivingRun {
  readonly told: string[] = [];
  readonly #steps: number;
  readonly #log: LogEntry[] = [runEntry()];
  #trainer: ToyTrainer;
  #committed: CommittedParameters;
  #machine: RunMachine;
  #undurable: LogEntry[] = [];
  #begun: BeginRound | undefined;
  hasEnded = false;

  constructor(steps: number) {
    this.#steps = steps;
    [this.#trainer, this.#committed, this.#machine] = this.#open();
    this.#send({ type: 'start' });
  }

  get log(): readonly LogEntry[] {
    return this.#log;
  }

  fingerprint(): string {
    equal(bitsOfFloats(this.#committed.parameters), bitsOfFloats(this.#trainer.parameters));
    return this.#trainer.fingerprint();
  }

  act(what: Disturbance): void {
    if (what === 'round') this.#compute();
    else if (what === 'disk') this.#write();
    else if (what === 'crash') this.#takeOver();
    else if (what === 'interrupt') {
      this.#send({ type: 'interrupt' });
      while (this.#undurable.length > 0) this.#write();
      this.#takeOver();
    } else this.#send({ type: 'control', action: what, reason: 'asked', ...(what === 'scale' && { workers: 3 }) });
  }

  /** Does what is left to do. */
  finish(): void {
    for (let i = 0; i < 1000 && !this.hasEnded; i += 1) {
      if (this.#machine.isPaused && this.#undurable.length === 0) this.act('resume');
      this.#write();
      this.#compute();
    }
  }

  #open(): [ToyTrainer, CommittedParameters, RunMachine] {
    const view = viewLog(recordsOf(this.#log));
    const trainer = new ToyTrainer(this.#steps);
    const copy = { parameters: trainer.parameters.slice(), state: trainer.state.slice() };
    const committed = new CommittedParameters(copy, { usesPrevious: true });
    const ahead = commitsAfter(view, { step: 0, version: 0 });
    const { pausedFrom } = view;
    return [trainer, committed, new RunMachine({ run: 'r', trainer, committed, ahead, ...(pausedFrom !== undefined && { pausedFrom }) })];
  }

  #takeOver(): void {
    if (this.hasEnded) return;
    this.#undurable = [];
    this.#begun = undefined;
    this.#log.push({ type: 'term', leader: 'l', step: viewLog(recordsOf(this.#log)).head.step });
    [this.#trainer, this.#committed, this.#machine] = this.#open();
    this.#send({ type: 'start' });
  }

  #send(event: RunMachineEvent): void {
    for (const action of this.#machine.handle(event)) {
      if (action.type === 'begin-round') this.#begun = action;
      else if (action.type === 'append') {
        this.#undurable.push(action.entry);
        ok(this.#undurable.filter(({ type }) => type !== 'control').length <= 1, 'more than one commit under way');
      } else if (action.type === 'committed' || action.type === 'rejected') this.#announce(action);
      else if (action.type === 'paused') equal(action.step, viewLog(recordsOf([...this.#log, ...this.#undurable])).pausedFrom);
      else if (action.type === 'ended') {
        deepEqual(this.#undurable, []);
        this.hasEnded = action.state === 'completed';
      }
    }
  }

  /** Only what is durable is announced, and in its order. */
  #announce({ type, step: of, ...more }: Extract<RunMachineAction, { type: 'committed' | 'rejected' }>): void {
    const commits = this.#log.filter((entry): entry is Commit => entry.type === 'step' || entry.type === 'rejected');
    const { type: kind, step: last, attempt } = commits.at(-1)!;
    deepEqual([type, of], [kind === 'step' ? 'committed' : 'rejected', last]);
    if ('attempt' in more) equal(more.attempt, attempt);
    const word = `${kind} ${last}.${attempt}`;
    ok(!this.told.includes(word), `${word} was announced twice`);
    this.told.push(word);
  }

  #write(): void {
    const entry = this.#undurable.shift();
    if (entry === undefined) return;
    this.#log.push(entry);
    this.#send({ type: 'appended' });
  }

  #compute(): void {
    const begun = this.#begun;
    if (begun === undefined || this.#machine.round !== begun.round) return;
    const { round, inputs } = begun;
    const found = new Map((inputs ? vectorsOf(inputs) : []).map((vector) => [vectorDigest(vector), vector]));
    let end: Contribution | RoundFailure;
    try {
      const block = { level: Math.log2(SLOTS), index: 0 };
      end = computeBlock(this.#committed.snapshot(), { ...round, block }, (digest) => found.get(digest));
    } catch (error) {
      if (!(error instanceof ToyProgramFailure)) throw error;
      end = {
        step: round.step,
        attempt: round.attempt,
        phase: round.phase,
        reason: error.message,
        worker: 'w',
      };
    }
    if ('reason' in end) this.#send({ type: 'round-abandoned', failure: end });
    else this.#send({ type: 'round-complete', total: end, coverage: covered(`w${this.told.length}`, 0, SLOTS) });
  }
}

function bitsOfFloats(values: Float32Array): string {
  return bitsOf({ block: { level: 0, index: 0 }, count: 1, scalars: new Float64Array(0), sums: values });
}
