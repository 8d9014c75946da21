/**
 * Carries out what the machine of a run says: takes rounds from the journal or has workers compute them, appends to the log, streams
 * updates, tells the observer. It decides nothing that ends up in a bit, see {@link RunMachine}. An error of the trainer or the log ends the
 * run; what is durable by then is still announced, once.
 */
import { announcementOf, identityOf, RunMachine } from '@geodesic/cluster';
import type {
  CommittedParameters,
  ControlEntry,
  ControlRequest,
  JournalRecord,
  LogEntry,
  RejectedEntry,
  RoundIdentity,
  RunMachineAction,
  RunMachineEvent,
  RunMachineOptions,
  StepEntry,
} from '@geodesic/cluster';
import { failPoint } from '@geodesic/run-store';
import type { ParameterPublisher } from '@geodesic/wire';
import { Deferred } from './deferred.ts';
import { ProgramFailed, RoundInterrupted, RunEnding } from './round-errors.ts';
import type { RoundObjects } from './round-objects.ts';
import type { RunLoopObserver } from './run-loop-observer.ts';
import type { RunTrainer } from './run-meta.ts';
import type { WorkerPool } from './worker-pool.ts';

/** The part of a journal that rounds need. */
export interface RoundJournal {
  /** Keeps how a round ended; the record's arrays are free again when it returns. */
  append(record: JournalRecord): void;
  /** How this very round ended before; undefined when that is not known. */
  take(round: RoundIdentity): Promise<JournalRecord | undefined>;
}

/** Options of {@link RunLoop}. */
export interface RunLoopOptions extends Pick<RunMachineOptions, 'run' | 'step' | 'ahead' | 'pausedFrom'> {
  readonly trainer: RunTrainer;
  readonly committed: CommittedParameters;
  readonly pool: Pick<WorkerPool, 'round' | 'interrupt' | 'size'>;
  readonly publisher: Pick<ParameterPublisher, 'publish' | 'release'>;
  /** Where workers find the vectors of rounds and updates. */
  readonly objects: RoundObjects;
  readonly log: { append(entry: LogEntry): Promise<void> };
  readonly observer: RunLoopObserver;
  readonly journal?: RoundJournal;
  /** What a round waits for before it begins (a disk that is full, copies that are not written yet); undefined: nothing. */
  readonly gate?: () => Promise<void> | undefined;
}

type ActionOf<T extends RunMachineAction['type']> = Extract<RunMachineAction, { type: T }>;

/** How long a stop waits for the round in progress, ms; its work is lost then, no committed step is. */
export const STOP_GRACE_MS = 1000;

/** Runs a run. */
export class RunLoop {
  readonly #options: RunLoopOptions;
  readonly #machine: RunMachine;
  readonly #ending = new Deferred<'completed' | 'stopped'>();
  readonly #appends = new Set<Promise<void>>();
  /** Commits that have not been announced, oldest first. */
  readonly #unannounced: { readonly entry: StepEntry | RejectedEntry; isDurable: boolean }[] = [];
  readonly #controls: Deferred<ControlEntry>[] = [];
  readonly #rounds = { replayed: 0, recomputed: 0 };
  #logError: unknown;
  #isOver = false;
  #stopReason: string | undefined;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(options: RunLoopOptions) {
    this.#options = options;
    this.#machine = new RunMachine(options);
  }

  /** The last step whose update has been applied. */
  get step(): number {
    return this.#machine.step;
  }

  /** The first step of which no round has begun, and which the log does not have. */
  get nextStep(): number {
    return this.#machine.nextStep;
  }

  /** Steps and rejections of the log that are still to be made again. */
  get ahead(): number {
    return this.#machine.ahead;
  }

  /** Whether it waits for somebody to resume it. */
  get isPaused(): boolean {
    return this.#machine.isPaused;
  }

  /** Rounds so far that came from the journal, and that workers computed. */
  get rounds(): { readonly replayed: number; readonly recomputed: number } {
    return this.#rounds;
  }

  /** Why the run was asked to stop, if it was. */
  get stopReason(): string | undefined {
    return this.#stopReason;
  }

  /** Whether it begins and appends nothing more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Runs to the end, or to a stop. Every step is durable when the promise resolves. @throws what made the run fail */
  run(): Promise<'completed' | 'stopped'> {
    this.#handle({ type: 'start' });
    return this.#ending.promise;
  }

  /** Stops after the round in progress, or after a second, or at once when nobody computes it. */
  stop(reason: string): void {
    if (this.#stopReason !== undefined || this.#isOver) return;
    this.#stopReason = reason;
    this.#handle({ type: 'stop' });
    if (this.#isOver) return;
    if (this.#options.pool.size === 0) this.#interrupt(reason);
    else this.#graceTimer = setTimeout(() => this.#interrupt(reason), STOP_GRACE_MS);
  }

  /** Ends the run with an error from outside; nothing happens when it is over. */
  end(cause: unknown): void {
    void this.#fail(cause);
  }

  /** Has a person's request logged; resolves when it is durable and holds. @throws {RunEnding} when the run ends before that */
  control(request: ControlRequest): Promise<ControlEntry> {
    if (this.#isOver || this.#stopReason !== undefined) return Promise.reject(new RunEnding());
    const answer = new Deferred<ControlEntry>();
    this.#controls.push(answer);
    this.#handle({ type: 'control', ...request });
    return answer.promise;
  }

  #handle(event: RunMachineEvent): void {
    if (this.#isOver) return;
    try {
      for (const action of this.#machine.handle(event)) this.#perform(action);
    } catch (error) {
      void this.#fail(error);
    }
  }

  #perform(action: RunMachineAction): void {
    const { objects, publisher, observer } = this.#options;
    switch (action.type) {
      case 'begin-round':
        objects.begin(action.inputs);
        void this.#compute(action);
        break;
      case 'publish':
        if (action.combination) objects.update(action.combination);
        publisher.publish(action.update);
        break;
      case 'append':
        this.#append(action.entry);
        break;
      case 'committed':
      case 'rejected':
        this.#unannounced.shift();
        observer.told(action);
        break;
      case 'controlled':
        observer.told(action);
        this.#controls.shift()?.resolve(action.entry);
        break;
      case 'failed':
        throw new ProgramFailed(action.failure);
      case 'ended':
        this.#over();
        this.#ending.resolve(action.state);
        break;
      default:
        observer.told(action);
    }
  }

  /** A round's end from the journal, or else from workers. */
  async #compute({ round, dropped }: ActionOf<'begin-round'>): Promise<void> {
    const { gate, journal, pool, publisher } = this.#options;
    const isWanted = (): boolean => !this.#isOver && this.#machine.round === round;
    try {
      await gate?.();
      const known = await journal?.take(round);
      if (!isWanted()) return;
      if (known) {
        this.#rounds.replayed += 1;
        this.#finish(known);
        return;
      }
      publisher.release();
      const total = await pool.round(round, dropped);
      failPoint('before-reduce');
      const record: JournalRecord = { round: identityOf(round), ...total };
      journal?.append(record);
      this.#rounds.recomputed += 1;
      this.#finish(record);
    } catch (error) {
      if (!isWanted() || error instanceof RoundInterrupted) return;
      if (!(error instanceof ProgramFailed)) void this.#fail(error);
      else {
        const record: JournalRecord = { round: identityOf(round), failure: error.failure };
        this.#finish(record);
        // A failure that ended the run may be met by other workers another time.
        const isAnswered = this.#machine.round !== undefined || !this.#machine.isCapturable;
        if (isAnswered) journal?.append(record);
      }
    }
  }

  #finish(record: JournalRecord): void {
    if ('failure' in record) this.#handle({ type: 'round-abandoned', failure: record.failure });
    else this.#handle({ type: 'round-complete', ...record });
  }

  #append(entry: LogEntry): void {
    const isCommit = entry.type === 'step' || entry.type === 'rejected';
    const unannounced = isCommit ? { entry, isDurable: false } : undefined;
    if (unannounced) this.#unannounced.push(unannounced);
    const appended = this.#options.log.append(entry).then(
      () => {
        if (unannounced) unannounced.isDurable = true;
        this.#handle({ type: 'appended' });
      },
      (error: unknown) => {
        this.#logError ??= error;
        void this.#fail(error);
      },
    );
    this.#appends.add(appended);
    void appended.finally(() => this.#appends.delete(appended));
  }

  #interrupt(reason: string): void {
    this.#options.pool.interrupt(new RoundInterrupted(reason));
    this.#handle({ type: 'interrupt' });
  }

  async #fail(cause: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#over();
    this.#options.pool.interrupt(new RoundInterrupted(String(cause)));
    await Promise.all(this.#appends); // an error of the log says more than what it causes, and what is durable is announced
    for (let next = this.#unannounced.shift(); next?.isDurable === true; next = this.#unannounced.shift())
      this.#options.observer.told(announcementOf(next.entry));
    this.#ending.reject(this.#logError ?? cause);
  }

  #over(): void {
    this.#isOver = true;
    clearTimeout(this.#graceTimer);
    for (const control of this.#controls.splice(0)) control.reject(new RunEnding());
  }
}
