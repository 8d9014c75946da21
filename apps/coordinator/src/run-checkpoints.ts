/**
 * Checkpoints of a run: copied in the tick in which the step is complete, written behind, one at a time, and let go by the run's rules. See
 * checkpoint-content.ts for what is in them. With each of them a new file of the journal begins.
 */
import { paramsDigestInTurns } from '@geodesic/checkpoint';
import type { CheckpointFile, CheckpointManifest, CheckpointStore } from '@geodesic/checkpoint';
import type { CommittedParameters, Position } from '@geodesic/cluster';
import type { Journal, StorageGuard } from '@geodesic/run-store';
import type { Layout } from '@geodesic/tensor';
import { committedFiles } from './checkpoint-content.ts';
import type { RunMeta, RunTrainer } from './run-meta.ts';

/** A copy of everything after a step. */
export interface CapturedCheckpoint {
  readonly step: number;
  readonly position: Position;
  /** [P] */
  readonly parameters: Float32Array;
  readonly files: Readonly<Record<string, CheckpointFile>>;
}

/** Options of {@link RunCheckpoints}. */
export interface RunCheckpointsOptions {
  readonly run: string;
  readonly store: CheckpointStore;
  readonly guard: StorageGuard;
  readonly journal: Pick<Journal, 'rotate' | 'retire'> | undefined;
  readonly layout: Layout;
  readonly keep: RunMeta['keep'];
  readonly trainer: RunTrainer;
  readonly committed: CommittedParameters;
  /** Checkpoints that are on disk already and from which the run can start again, ascending. */
  readonly known: readonly number[];
  /** Validation losses by step. */
  readonly validation: () => ReadonlyMap<number, number>;
  /** Told of every checkpoint that is complete on disk. */
  readonly onWritten: (step: number, path: string, manifest: CheckpointManifest) => void;
  readonly onRemoved: (step: number) => void;
}

/** Copies that may wait to be written; a further one has to wait before it is made. */
const MOST_WAITING = 2;

/** The checkpoints of one run. */
export class RunCheckpoints {
  readonly #options: RunCheckpointsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #lastStep: number | undefined;
  #waiting = 0;
  readonly #written: number[];
  readonly #disproven = new Set<number>();

  constructor(options: RunCheckpointsOptions) {
    this.#options = options;
    this.#written = [...options.known];
    this.#lastStep = this.#written.at(-1);
  }

  /** The step of the last checkpoint that was asked for; undefined before the first. */
  get lastStep(): number | undefined {
    return this.#lastStep;
  }

  /** Whether so many copies wait to be written that no other one should be made now. */
  get isCrowded(): boolean {
    return this.#waiting >= MOST_WAITING;
  }

  /** The change of a step was taken back: its checkpoint is none to name to people. */
  disprove(step: number): void {
    this.#disproven.add(step);
  }

  /**
   * The folder of the last checkpoint on disk from which a step was made since; the first one where there is none.
   * @param step the last one that was made
   */
  lastProven(step: number): string | undefined {
    const proven = this.#written.findLast((written) => written < step && !this.#disproven.has(written)) ?? this.#written.at(0);
    return proven === undefined ? undefined : this.#options.store.path(proven);
  }

  /** Copies what a checkpoint after `step` holds. O(P) */
  capture(step: number): CapturedCheckpoint {
    const { layout, trainer, committed, journal } = this.#options;
    journal?.rotate(step);
    const parameters = committed.parameters.slice();
    const files = { ...committedFiles({ ...committed.snapshot(), parameters }, layout), ...trainer.checkpoint?.() };
    return { step, position: committed.position, parameters, files };
  }

  /**
   * Writes a captured checkpoint after those before it, as soon as the disk lets it; durable when the promise resolves.
   * @param options.waits whether to wait for a disk that fails; default true
   * @throws {RunStoreError} STORAGE when nobody waits for the disk any more, {CheckpointError} when something else is wrong
   */
  write(captured: CapturedCheckpoint, options: { readonly waits?: boolean } = {}): Promise<void> {
    this.#lastStep = captured.step;
    this.#waiting += 1;
    const written = this.#last.then(() => this.#write(captured, options)).finally(() => (this.#waiting -= 1));
    this.#last = written.catch(() => undefined); // reported to its own caller; later ones are tried all the same
    return written;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #write({ step, position, parameters, files }: CapturedCheckpoint, { waits = true }: { readonly waits?: boolean }): Promise<void> {
    const { run, store, guard, journal, layout, onWritten } = this.#options;
    const facts = { run, step, ...position, paramsDigest: await paramsDigestInTurns(layout, parameters) };
    const write = (): Promise<CheckpointManifest> => store.write(step, { files, facts });
    const manifest = await (waits ? guard.run('checkpoint', write) : write());
    this.#written.splice(0, Infinity, ...new Set([...this.#written, step].toSorted((a, b) => a - b)));
    onWritten(step, store.path(step), manifest);
    await journal?.retire(step);
    await this.#retain(step);
  }

  async #retain(newest: number): Promise<void> {
    const { store, guard, keep, onRemoved } = this.#options;
    if (Object.keys(keep).length === 0) return;
    const { best: count, ...rules } = keep;
    const policy = { ...rules, ...(count !== undefined && { best: this.#best(count) }), pinned: [this.#written[0], newest] };
    for (const step of await guard.run('removal of checkpoints', () => store.retain(policy))) {
      this.#written.splice(this.#written.indexOf(step), 1);
      onRemoved(step);
    }
  }

  /** Steps of checkpoints with the lowest validation loss, the earlier one first where two are equal. */
  #best(count: number): number[] {
    const losses = this.#options.validation();
    const measured = this.#written.filter((step) => losses.has(step));
    return measured.toSorted((a, b) => losses.get(a)! - losses.get(b)! || a - b).slice(0, count);
  }
}
