/**
 * A run that another coordinator leads, as a standby keeps it: its folder with spec and bundle, the records of its log as they come, the newest
 * checkpoint, its events. The log is kept up to the moment; the rest comes behind it, and is completed when the run is taken over.
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CheckpointStore, contentDigest, makeFolder, syncFolder, writeDurably } from '@geodesic/checkpoint';
import type { EventBus, ObjectChannel } from '@geodesic/events';
import { MirroredFolder, RunFolder } from '@geodesic/run-store';
import type { ReplicatedRecord } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import { CoordinatorError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { TrainerFactory } from '../run-meta.ts';
import { MirroredCheckpoints } from './mirrored-checkpoints.ts';
import { MirroredEvents } from './mirrored-events.ts';

/** See {@link MirroredRunOptions.lookMs}. */
const LOOK_MS = 500;

/** Records that may wait to be written. */
const MOST_WAITING = 1024;

/** Options of {@link MirroredRun.open}. */
export interface MirroredRunOptions {
  /** The folder of run folders. */
  readonly runs: string;
  readonly run: string;
  /** Of the bundle, from record 0. */
  readonly bundleDigest: string;
  readonly objects: ObjectChannel;
  readonly bus: Pick<EventBus, 'follow'>;
  /** Tries the bundle, and says what the run's spec is. */
  readonly createTrainer: TrainerFactory;
  /** Time between two looks for a newer checkpoint, and after a failure, ms; default 500. */
  readonly lookMs?: number;
  readonly logger: Logger;
}

/** One run, mirrored. */
export class MirroredRun {
  readonly folder: RunFolder;
  readonly #options: MirroredRunOptions;
  readonly #log: MirroredFolder;
  readonly #checkpoints: MirroredCheckpoints;
  readonly #events: MirroredEvents;
  readonly #closed = new AbortController();
  readonly #following: Promise<unknown>;
  /** Records that are not in the folder yet. */
  readonly #waiting: ReplicatedRecord[] = [];
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  #hasBundle = false;
  /** Where the run has ended. */
  #lastStep: number | undefined;

  private constructor(options: MirroredRunOptions, folder: RunFolder, log: MirroredFolder) {
    const { run, objects, logger } = options;
    this.#options = options;
    this.folder = folder;
    this.#log = log;
    this.#checkpoints = new MirroredCheckpoints({ run, objects, store: new CheckpointStore(folder.checkpoints), logger });
    this.#events = new MirroredEvents(folder, options.bus);
    const { signal } = this.#closed;
    const objectsHere = async (): Promise<void> => {
      await this.#bundle(signal);
      await this.#checkpoints.update(signal);
    };
    this.#following = Promise.all([
      this.#repeat('bundle and checkpoints', objectsHere),
      this.#repeat('events', () => this.#events.follow({ untilNow: false, signal })),
    ]);
  }

  /** Makes the run's folder, or goes on with the one that is here. @throws the system's error */
  static async open(options: MirroredRunOptions): Promise<MirroredRun> {
    const folder = new RunFolder(options.run, join(options.runs, options.run));
    await makeFolder(folder.checkpoints);
    await makeFolder(folder.journals);
    await syncFolder(options.runs);
    return new MirroredRun(options, folder, await MirroredFolder.open(folder.path));
  }

  /**
   * Takes the next record of the log; it is written behind, with those that come meanwhile. Resolves when there is room for more.
   * @throws {RunStoreError} RUN_DAMAGED, or the system's error, from this call or a later one
   */
  async take(record: ReplicatedRecord): Promise<void> {
    this.#waiting.push(record);
    this.#writing ??= this.#write();
    if (this.#waiting.length >= MOST_WAITING || this.#failure !== undefined) await this.#written();
  }

  /**
   * Completes what a coordinator needs to take the run up. Where a checkpoint is here already, a newer one is waited for only so long, and so
   * are the newest events.
   * @throws {CoordinatorError} BUNDLE, CHECKPOINT_UNFIT when it cannot be completed, and the signal's reason
   */
  async complete(signal: AbortSignal, patienceMs = 2000): Promise<void> {
    await this.close();
    const { run, logger } = this.#options;
    await this.#bundle(signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw incomplete('BUNDLE', run, 'its bundle', cause);
    });
    const isReady = await this.#checkpoints.isReady();
    const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const waiting = isReady ? patience : signal;
    const told = this.#events.follow({ untilNow: true, signal: patience }).catch((error: unknown) => {
      if (!signal.aborted) logger.warn('the events before this leadership are incomplete', { run, error });
    });
    await this.#checkpoints.update(waiting).catch((cause: unknown) => {
      signal.throwIfAborted();
      if (!isReady) throw incomplete('CHECKPOINT_UNFIT', run, 'a checkpoint', cause);
      logger.warn('the newest checkpoint is not here: the run goes on from an older one', { run, error: cause });
    });
    await told;
    if (!(await this.#checkpoints.isReady())) throw incomplete('CHECKPOINT_UNFIT', run, 'a checkpoint', 'none was broadcast');
  }

  /** The log has its end, at this step, or goes on after all: the checkpoint of the end may still be to come. */
  ends(step: number | undefined): void {
    this.#lastStep = step;
  }

  /** Ends the mirroring, after the last checkpoint of a run that is over, which is waited for so long; what is here is durable. */
  async close(patienceMs = 5000): Promise<void> {
    await this.#lastCheckpoint(patienceMs);
    this.#closed.abort();
    await this.#following;
    try {
      await this.#written();
    } finally {
      await this.#log.close();
    }
  }

  async #lastCheckpoint(patienceMs: number): Promise<void> {
    const { lookMs = LOOK_MS } = this.#options;
    const over = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(patienceMs)]);
    while (this.#lastStep !== undefined && !over.aborted && !(await this.#checkpoints.has(this.#lastStep)))
      await delay(lookMs / 5, undefined, { signal: over }).catch(() => undefined);
  }

  async #written(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes what waits; never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#log.append(this.#waiting.splice(0));
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#writing = undefined;
  }

  /** Does something again and again until the mirroring ends; never rejects. */
  async #repeat(what: string, act: () => Promise<void>): Promise<void> {
    const { run, logger, lookMs = LOOK_MS } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await act().catch((error: unknown) => {
        if (!signal.aborted) logger.debug('not mirrored yet', { run, what, error });
      });
      await delay(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #bundle(signal: AbortSignal): Promise<void> {
    if (this.#hasBundle) return;
    const { bundleDigest, objects, createTrainer } = this.#options;
    const path = this.folder.file('bundle.bin');
    const present = await readFile(path).catch(() => undefined);
    const bundle = present !== undefined && contentDigest(present) === bundleDigest ? present : await objects.get(bundleDigest, signal);
    if (bundle !== present) await writeDurably(path, bundle);
    this.#hasBundle = true;
    // Made once and let go: a take-over finds the modules loaded, and a spec that cannot be run here is known early.
    const { meta } = await createTrainer(bundle);
    const specPath = this.folder.file('spec.json');
    const hasSpec = await access(specPath).then(() => true, () => false); // prettier-ignore
    if (!hasSpec) await writeDurably(specPath, `${JSON.stringify(meta.spec, undefined, 2)}\n`);
  }
}

function incomplete(code: 'BUNDLE' | 'CHECKPOINT_UNFIT', run: string, expected: string, cause: unknown): CoordinatorError {
  const got = cause instanceof Error ? cause.message : String(cause);
  const hint = 'the coordinator that led the run has it: start it again, or resume the run in its folder';
  return new CoordinatorError(code, `take-over of ${run}: expected ${expected}, got ${got}`, { hint, exitCode: EXIT.data, cause });
}
