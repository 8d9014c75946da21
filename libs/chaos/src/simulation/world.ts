/** What the processes of a simulation see of everything else. */
import type { Draw } from '../seeded-draw.ts';
import type { CoordinatorProcess } from './coordinator-process.ts';
import type { EventQueue } from './event-queue.ts';
import type { Defects } from './planted-bug.ts';
import type { RunAudit } from './run-audit.ts';
import type { CutPoint } from './cut-point.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A message between processes. */
export interface Message {
  readonly from: SimulatedProcess;
  readonly to: SimulatedProcess;
  /** In the process that it is for. */
  readonly deliver: () => void;
  /** In the process that sent it, some time later, in place of `deliver`. */
  readonly lost?: () => void;
  /** It may arrive twice; default false. */
  readonly isRepeatable?: boolean;
}

/** The world. */
export interface World {
  readonly steps: number;
  /** Steps from one checkpoint to the next. */
  readonly checkpointEvery: number;
  readonly queue: EventQueue;
  readonly draw: Draw;
  readonly disk: SimulatedDisk;
  readonly audit: RunAudit;
  readonly defects: Defects;
  /** Whether a worker's second result of a block is wrong this time. */
  readonly spoils: () => boolean;
  /** Counts something that happened, and remembers it among the last events. */
  readonly note: (what: string, detail?: string) => void;
  /** Has a process do something later, if it lives then. */
  readonly later: (process: SimulatedProcess, ms: number, callback: () => void) => void;
  /** Puts a message on its way. */
  readonly send: (message: Message) => void;
  /** A place where a coordinator may die. @throws {ProcessDied} */
  readonly cut: (place: CutPoint) => void;
  /** Whether it dies with half of its bytes written. */
  readonly tears: () => boolean;
  /** The live process of a worker. */
  readonly findWorker: (worker: string, incarnation: string) => WorkerProcess | undefined;
  /** A coordinator to connect to. */
  readonly findCoordinator: () => CoordinatorProcess | undefined;
  /** A process has ended by itself. */
  readonly exit: (process: SimulatedProcess, reason: string) => void;
}
