/**
 * One coordinator process: the real machines of run and coordinator, with a log, a journal and checkpoints on the simulated disk. It mirrors
 * the shell of apps/coordinator: take-over (claim, then read), recovery from the newest sound checkpoint, rounds from the journal or else from
 * workers, announcements after durability. Between any two actions it may die.
 */
import { CommittedParameters, identityOf, parametersChecksum, RunMachine } from '@geodesic/cluster';
import type { ControlRequest, Fingerprint, JournalRecord, LogView, RunMachineAction, RunMachineEvent } from '@geodesic/cluster';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { Publication } from './publication.ts';
import { announcementOf } from './run-audit.ts';
import { writeCheckpoint } from './simulated-checkpoints.ts';
import { SimulatedJournal } from './simulated-journal.ts';
import { SimulatedLog } from './simulated-log.ts';
import type { DurablePlace, LogHost } from './simulated-log.ts';
import { ProcessDied, SimulatedProcess } from './simulated-process.ts';
import { ANNOUNCED, recover, takeOver } from './take-over.ts';
import { stateDigest } from './toy/toy-checkpoint.ts';
import type { ToyCheckpoint } from './toy/toy-checkpoint.ts';
import { ToyTrainer } from './toy/toy-trainer.ts';
import type { World } from './world.ts';
import { WorkerDesk } from './worker-desk.ts';

type ActionOf<T extends RunMachineAction['type']> = Extract<RunMachineAction, { type: T }>;

/** The name of the run. */
export const RUN = 'toy';
/** After which a disk that failed is tried again. */
const RETRY_MS = 40;
/** A process that has ended its run still finishes what it writes. */
const ENDING_MS = 10;
/** How often a leader looks for a higher term. */
const WATCH_MS = 100;
/** What the run is computed with: known from its first worker, long ago. */
const FINGERPRINT: Fingerprint = { engine: 'toy' };
/** A round that takes longer counts as slow, where a defect wants to know. */
const SLOW_ROUND_MS = 12;

/** The part of a coordinator that leads a run. */
interface Leadership {
  readonly log: SimulatedLog;
  readonly journal: SimulatedJournal;
  readonly checkpoints: CheckpointKeeper;
  readonly trainer: ToyTrainer;
  readonly committed: CommittedParameters;
  readonly machine: RunMachine;
  readonly publication: Publication;
}

/** A coordinator process. */
export class CoordinatorProcess extends SimulatedProcess {
  readonly #world: World;
  readonly #desk: WorkerDesk;
  #lead: Leadership | undefined;
  /** Where the entry that has just been confirmed ends. */
  #confirmed: DurablePlace | undefined;
  #announced = 0;
  #hasFingerprint = false;
  #hasEnded = false;
  #roundBegan = 0;
  #lastRoundMs = 0;

  constructor(world: World, name: string) {
    super(name);
    this.#world = world;
    this.#desk = new WorkerDesk(world, this, {
      complete: (record) => this.#computed(record),
      admitted: () => this.#noteFingerprint(),
    });
  }

  /** Its workers. */
  get desk(): WorkerDesk {
    return this.#desk;
  }

  /** The term it leads; 0 before it does. */
  get term(): number {
    return this.#lead?.log.term ?? 0;
  }

  /** Whether it waits for somebody to resume the run. */
  get isRunPaused(): boolean {
    return this.#lead?.machine.isPaused ?? false;
  }

  /** What it streams; undefined before it leads. */
  get publication(): Publication | undefined {
    return this.#lead?.publication;
  }

  /** Begins a new run: its first checkpoint is durable before its log is. */
  create(start: ToyCheckpoint, checkpointZero: Uint8Array): void {
    const { disk } = this.#world;
    writeCheckpoint(
      { disk, later: (_what, callback) => callback(), cut: () => undefined },
      { step: 0, bytes: checkpointZero },
      () => undefined,
    );
    const { chain } = start;
    const checksum = parametersChecksum(start.parameters);
    const entry = { type: 'run', format: 2, run: RUN, specDigest: '', bundleDigest: '', chain, checksum, seed: 1, engine: 'toy' } as const;
    this.#desk.freeze(FINGERPRINT);
    const log = SimulatedLog.create(this.#logHost(), entry);
    this.#start({ log, start, commits: [] });
  }

  /** Takes the run over. */
  takeOver(): void {
    takeOver(this.#world, { process: this, host: this.#logHost(), pauseMs: this.#pause(2) }, ({ log, view, records, announced }) => {
      this.#announced = announced;
      const texts = records.flatMap((record) => announcementOf(record) ?? []);
      for (const text of texts.slice(announced)) this.#announce(text);
      this.#hasFingerprint = view.fingerprint !== undefined;
      this.#desk.freeze(view.fingerprint?.fingerprint ?? FINGERPRINT);
      const { pausedFrom } = view;
      this.#start({ log, ...recover(this.#world, view), ...(pausedFrom !== undefined && { pausedFrom }) });
    });
  }

  /** A person asks for something. */
  control(request: ControlRequest): void {
    if (this.#lead) this.#handle({ type: 'control', ...request });
  }

  /** A person asks it to stop, with or without waiting for the round. */
  stop(type: 'stop' | 'interrupt'): void {
    if (!this.#lead || this.#hasEnded) return;
    if (type === 'interrupt' && this.#lead.machine.round === undefined) return;
    this.#world.note(type);
    const entry = { type: 'control', action: 'stop', step: this.#lead.machine.nextStep, reason: 'asked' } as const;
    this.#lead.log.append(entry, () => undefined); // it takes effect at once, whatever the disk does
    this.#handle({ type });
  }

  #start(options: { log: SimulatedLog; start: ToyCheckpoint; commits: LogView['commits']; pausedFrom?: number }): void {
    const { log, start, commits, pausedFrom } = options;
    const { steps, disk, defects } = this.#world;
    const { step } = start;
    const trainer = new ToyTrainer(steps, start, defects.measuresTime === true ? { wasSlow: () => this.#lastRoundMs > SLOW_ROUND_MS } : {});
    const committed = new CommittedParameters(trainer, { usesPrevious: true, start });
    const journal = new SimulatedJournal(disk, { step, term: log.term });
    const paused = pausedFrom !== undefined && { pausedFrom };
    const machine = new RunMachine({ run: RUN, trainer, committed, step, ahead: commits, ...paused });
    const checkpoints = new CheckpointKeeper(this.#world, { process: this, trainer, committed, journal });
    this.#lead = { log, journal, checkpoints, trainer, committed, machine, publication: new Publication(committed) };
    this.#desk.open();
    this.#watchTerm(log);
    this.#handle({ type: 'start' });
  }

  #watchTerm(log: SimulatedLog): void {
    this.#world.later(this, WATCH_MS, () => {
      log.check();
      if (!this.isDead) this.#watchTerm(log);
    });
  }

  #handle(event: RunMachineEvent): void {
    for (const action of this.#lead!.machine.handle(event)) {
      this.#world.cut(`before ${action.type}`);
      this.#perform(action, this.#lead!);
    }
  }

  #perform(action: RunMachineAction, lead: Leadership): void {
    switch (action.type) {
      case 'begin-round':
        this.#beginRound(action, lead);
        break;
      case 'publish':
        lead.publication.publish(action.update, action.combination);
        this.#desk.published();
        break;
      case 'append': {
        lead.log.append(action.entry, (place) => {
          this.#confirmed = place;
          this.#handle({ type: 'appended' });
        });
        break;
      }
      case 'advanced':
        lead.checkpoints.advanced(action.step);
        break;
      case 'committed':
        this.#announce(`step ${action.step}`, this.#confirmed);
        lead.checkpoints.durable();
        break;
      case 'reproduced':
        this.#world.note('reproduced');
        lead.checkpoints.durable();
        break;
      case 'rejected':
        this.#announce(`rejected ${action.step}.${action.attempt}`, this.#confirmed);
        break;
      case 'controlled':
        this.#world.note(`control ${action.entry.action}`);
        this.#announce(announcementOf(action.entry)!, this.#confirmed);
        if (action.entry.action === 'drain' && action.entry.worker !== undefined) this.#desk.drain(action.entry.worker);
        break;
      case 'ended':
        this.#end(action.state, lead);
        break;
      case 'failed':
        throw new Error(`the run failed: ${action.failure.reason}`);
      default:
        this.#world.note(action.type);
    }
  }

  #beginRound({ round, inputs, dropped }: ActionOf<'begin-round'>, { publication, journal, machine }: Leadership): void {
    publication.begin(inputs);
    this.#roundBegan = this.#world.queue.now;
    this.#world.later(this, this.#pause(0.1), () => {
      if (machine.round !== round) return;
      const known = journal.take(round);
      this.#world.note(known ? 'replayed' : 'computed');
      if (known) this.#finish(known);
      else this.#desk.begin(round, dropped);
    });
  }

  /** Workers have computed the round in progress, or cannot. */
  #computed(record: JournalRecord): void {
    const { journal } = this.#lead!;
    this.#world.cut('before reduce');
    journal.append({ ...record, round: identityOf(record.round) });
    this.#world.cut('after journal');
    this.#lastRoundMs = this.#world.queue.now - this.#roundBegan;
    this.#finish(record);
  }

  #finish(record: JournalRecord): void {
    if ('failure' in record) this.#handle({ type: 'round-abandoned', failure: record.failure });
    else this.#handle({ type: 'round-complete', ...record });
  }

  /** The last checkpoint, wherever the step stands, and then the last record. */
  #end(state: 'completed' | 'stopped', lead: Leadership): void {
    const { log, trainer, committed, machine } = lead;
    this.#hasEnded = true; // nothing comes after the last record
    const { step } = machine;
    const { version, chain } = committed.position;
    const digest = stateDigest(trainer, committed);
    if (machine.ahead === 0) lead.checkpoints.last(step);
    log.append({ type: 'finished', state, step, version, chain, paramsDigest: digest }, () => {
      this.#world.note(state);
      this.#world.later(this, ENDING_MS, () => this.#world.exit(this, state));
      if (state === 'completed') this.#world.audit.complete(digest);
    });
  }

  #noteFingerprint(): void {
    if (this.#hasFingerprint || this.#hasEnded || !this.#lead) return;
    this.#hasFingerprint = true;
    this.#lead.log.append({ type: 'fingerprint', fingerprint: this.#desk.fingerprint! }, () => undefined);
  }

  #announce(text: string, place?: DurablePlace): void {
    const { disk, audit, note } = this.#world;
    note('announced', `${this.#announced} ${text} (${this.name})`);
    audit.announce(this.#announced, text, place);
    disk.append(ANNOUNCED, Uint8Array.of(1));
    this.#announced += 1;
  }

  #logHost(): LogHost {
    const { disk, draw, cut, tears, note, exit, defects } = this.#world;
    return {
      disk,
      draw,
      cut,
      tears,
      die: (place) => {
        throw new ProcessDied(place);
      },
      note,
      defects,
      later: (what, callback) => this.#world.later(this, what === 'early' ? 0 : this.#pause(what === 'retry' ? RETRY_MS : 1), callback),
      deposed: () => exit(this, 'deposed'),
    };
  }

  /** A duration about so long, ms. */
  #pause(mean: number): number {
    return mean * (0.5 + this.#world.draw());
  }
}
