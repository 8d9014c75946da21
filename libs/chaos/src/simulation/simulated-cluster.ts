/**
 * The world of one simulation: virtual time, the network, the life and death of processes, and whoever starts them again. Everything that
 * happens is drawn from one seed.
 */
import type { Draw } from '../seeded-draw.ts';
import { below, exponential, pick } from '../seeded-draw.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { damageFiles, loseAllButLog } from './disk-damage.ts';
import { EventQueue } from './event-queue.ts';
import type { FaultRates } from './fault-rates.ts';
import type { Defects } from './planted-bug.ts';
import { RunAudit } from './run-audit.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { CutPoint } from './cut-point.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { ProcessDied } from './simulated-process.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { StrikePlan } from './strike-plan.ts';
import type { Strike } from './strike-plan.ts';
import { initialCheckpoint } from './toy/toy-checkpoint.ts';
import type { ReferenceRun } from './toy/reference-run.ts';
import { WorkerProcess } from './worker-process.ts';
import type { Message, World } from './world.ts';

/** No more worker names than these. */
const MAX_WORKERS = 7;
const SUPERVISE_MS = 12;
/** So many of the last events are kept for people. */
const REMEMBERED = 60;

interface Remembered {
  readonly at: number;
  readonly what: string;
  readonly detail: string;
}

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly steps: number;
  readonly checkpointEvery: number;
  readonly draw: Draw;
  readonly rates: FaultRates;
  readonly defects: Defects;
  readonly reference: ReferenceRun;
  /** Deaths on purpose, in order. */
  readonly strikes: readonly Strike[];
}

/** A simulated cluster. */
export class SimulatedCluster implements World {
  readonly steps: number;
  readonly checkpointEvery: number;
  readonly queue: EventQueue = new EventQueue();
  readonly draw: Draw;
  readonly disk: SimulatedDisk;
  readonly audit: RunAudit;
  readonly defects: Defects;
  /** How often what happened. */
  readonly counts: Record<string, number> = {};
  readonly #rates: FaultRates;
  readonly #strikes: StrikePlan;
  readonly #network: SimulatedNetwork;
  #coordinators: CoordinatorProcess[] = [];
  #workers: WorkerProcess[] = [];
  #remembered: Remembered[] = [];
  #born = 0;
  #isCompleted = false;
  #isStarting = false;

  constructor({ steps, checkpointEvery, draw, rates, defects, reference, strikes }: ClusterOptions) {
    this.#strikes = new StrikePlan(strikes);
    const enter = (process: SimulatedProcess, callback: () => void): void => this.#enter(process, callback);
    this.#network = new SimulatedNetwork({ queue: this.queue, draw, rates, note: this.note, enter });
    this.steps = steps;
    this.checkpointEvery = checkpointEvery;
    this.draw = draw;
    this.#rates = rates;
    this.defects = defects;
    this.disk = new SimulatedDisk(draw);
    this.audit = new RunAudit(reference, this.disk);
  }

  /** What happened last, oldest first: `<virtual ms> <what> <detail>`. */
  get lastEvents(): string[] {
    return this.#remembered.slice(-REMEMBERED).map(({ at, what, detail }) => `${at.toFixed(2)} ${what} ${detail}`.trimEnd());
  }

  get isCompleted(): boolean {
    return this.#isCompleted;
  }

  /** Live processes. */
  get workers(): readonly WorkerProcess[] {
    return this.#workers;
  }

  get coordinators(): readonly CoordinatorProcess[] {
    return this.#coordinators;
  }

  /** A new run with so many workers. */
  start(workers: number): void {
    const coordinator = this.#newCoordinator();
    const { checkpoint, bytes } = initialCheckpoint();
    this.#enter(coordinator, () => coordinator.create(checkpoint, bytes));
    for (let i = 0; i < workers; i += 1) this.join();
    this.disk.failureRate = this.#rates.syncFailure;
    this.#supervise();
  }

  // ---- what processes see

  readonly note = (what: string, detail = ''): void => {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    this.#remembered.push({ at: this.queue.now, what, detail });
    if (this.#remembered.length >= 2 * REMEMBERED) this.#remembered = this.#remembered.slice(-REMEMBERED);
  };

  readonly later = (process: SimulatedProcess, ms: number, callback: () => void): void => {
    this.queue.after(ms, () => this.#enter(process, callback));
  };

  readonly send = (message: Message): void => this.#network.send(message);

  readonly cut = (place: CutPoint): void => {
    if (this.#diesAt(place)) throw new ProcessDied(place);
  };

  readonly tears = (): boolean => this.#diesAt('torn append');

  readonly spoils = (): boolean => this.#rates.wrongBackup > 0 && this.draw() < this.#rates.wrongBackup;

  readonly findWorker = (worker: string, incarnation: string): WorkerProcess | undefined =>
    this.#workers.find((process) => process.worker === worker && process.incarnation === incarnation);

  readonly findCoordinator = (): CoordinatorProcess | undefined =>
    this.draw() < 0.8 ? this.#coordinators.at(-1) : pick(this.draw, this.#coordinators);

  readonly exit = (process: SimulatedProcess, reason: string): void => {
    this.note(`exit: ${reason}`, process.name);
    this.#bury(process);
    if (reason === 'completed') this.#isCompleted = true;
  };

  // ---- life and death

  /** A worker more, if there is a name for it. Names come back with another incarnation, as those of restarted processes do. */
  join(engine = 'toy'): void {
    const free = Array.from({ length: MAX_WORKERS }, (_, i) => i).filter((i) => this.#workers.every(({ worker }) => worker !== `w${i}`));
    const number = pick(this.draw, free);
    if (number === undefined) return;
    this.#born += 1;
    const identity = { worker: `w${number}`, incarnation: `w${number}#${this.#born}`, engine };
    const worker = new WorkerProcess(this, { ...identity, salt: this.defects.saltsByWorker === true ? number : 0 });
    this.#workers.push(worker);
    this.note('joined', worker.name);
    this.#enter(worker, () => worker.start());
  }

  /** Kills a process at once. */
  kill(process: SimulatedProcess): void {
    this.note(process instanceof WorkerProcess ? 'killed worker' : 'killed coordinator', process.name);
    this.#bury(process);
    if (process instanceof CoordinatorProcess) this.#damageDisk();
  }

  /** Kills everything, and starts another number of workers. */
  killEverything(workers: number): void {
    this.note('killed everything');
    for (const process of [...this.#workers, ...this.#coordinators]) this.#bury(process);
    this.#damageDisk();
    for (let i = 0; i < workers; i += 1) this.join();
  }

  /** Stops a process and continues it later. */
  pause(process: SimulatedProcess, ms: number): void {
    if (process.isPaused) return;
    this.note('stopped', process.name);
    process.isPaused = true;
    this.queue.after(ms, () => {
      process.isPaused = false;
      if (!process.isDead) this.note('continued', process.name);
      for (const callback of process.takeBacklog()) this.#enter(process, callback);
    });
  }

  /** Breaks the session of a worker; its coordinator may learn of it only later. */
  cutSession(worker: WorkerProcess): void {
    const { session } = worker;
    if (!session) return;
    this.note('cut', worker.name);
    this.#enter(worker, () => worker.disconnected(session));
    if (this.draw() < 0.7) this.later(session, this.#network.delay(), () => session.desk.lost(worker));
  }

  /** One coordinator more, whatever others there are. */
  startCoordinator(): void {
    const coordinator = this.#newCoordinator();
    this.#enter(coordinator, () => coordinator.takeOver());
  }

  #newCoordinator(): CoordinatorProcess {
    this.#born += 1;
    const coordinator = new CoordinatorProcess(this, `c#${this.#born}`);
    this.#coordinators.push(coordinator);
    return coordinator;
  }

  #enter(process: SimulatedProcess, callback: () => void): void {
    try {
      process.enter(callback);
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error;
      this.note(`died ${error.place}`, process.name);
      const strike = this.#strikes.take(error.place);
      if (strike) this.#strike(strike);
      else {
        this.#bury(process);
        this.#damageDisk();
      }
    }
  }

  #diesAt(place: CutPoint): boolean {
    return this.#strikes.passes(place) || (this.#rates.crash > 0 && this.draw() < this.#rates.crash);
  }

  /** Everything dies, the power goes, and another number of workers comes back. */
  #strike({ workers, keepsOnlyLog = false }: Strike): void {
    for (const process of [...this.#workers, ...this.#coordinators]) this.#bury(process);
    this.disk.cutPower();
    if (keepsOnlyLog) loseAllButLog(this.disk);
    for (let i = 0; i < workers; i += 1) this.join();
  }

  #bury(process: SimulatedProcess): void {
    process.isDead = true;
    if (process instanceof CoordinatorProcess) {
      this.#coordinators = this.#coordinators.filter((other) => other !== process);
      for (const worker of process.desk.sessions) this.later(worker, this.#network.delay(), () => worker.disconnected(process));
    } else if (process instanceof WorkerProcess) {
      this.#workers = this.#workers.filter((other) => other !== process);
      const { session } = process;
      // Half of the deaths are seen at once, the others only when the lease runs out.
      if (session && this.draw() < 0.5) this.later(session, this.#network.delay(), () => session.desk.lost(process));
    }
  }

  /** What happens to the disk when its coordinator dies. A power cut takes every coordinator. */
  #damageDisk(): void {
    if (this.draw() < this.#rates.power) {
      this.note('power cut');
      for (const coordinator of this.#coordinators) this.#bury(coordinator);
      this.disk.cutPower();
    }
    damageFiles(this.disk, { draw: this.draw, rates: this.#rates, note: this.note });
  }

  /** Whoever starts processes again and resumes runs that were paused. */
  #supervise(): void {
    if (this.#isCompleted) return;
    this.queue.after(SUPERVISE_MS, () => this.#supervise());
    if (!this.#coordinators.some((coordinator) => coordinator.isAwake) && !this.#isStarting) {
      this.#isStarting = true;
      this.queue.after(exponential(this.draw, 8), () => {
        this.#isStarting = false;
        this.startCoordinator();
      });
    }
    if (!this.#workers.some((worker) => worker.isAwake)) for (let i = below(this.draw, 3); i >= 0; i -= 1) this.join();
    for (const coordinator of this.#coordinators)
      if (coordinator.isRunPaused && this.draw() < 0.3) this.request(coordinator, { action: 'resume' });
  }

  /** A person asks something of a coordinator. */
  request(coordinator: CoordinatorProcess, { action, worker }: { action: 'pause' | 'resume' | 'scale' | 'drain'; worker?: string }): void {
    this.#born += 1;
    const request = { action, reason: `request ${this.#born}`, ...(worker !== undefined && { worker }) };
    this.#enter(coordinator, () =>
      coordinator.control(action === 'scale' ? { ...request, workers: 1 + below(this.draw, MAX_WORKERS) } : request),
    );
  }
}
