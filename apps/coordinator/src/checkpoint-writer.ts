/** Checkpoints of a run: copied in the tick in which the step is complete, written behind, one at a time. See checkpoint-content.ts. */
import { paramsDigest, writeCheckpoint } from '@geodesic/checkpoint';
import type { CheckpointFile } from '@geodesic/checkpoint';
import type { Layout } from '@geodesic/tensor';
import { committedFiles } from './checkpoint-content.ts';
import type { CommittedParameters } from '@geodesic/cluster';
import type { RunFolder } from './run-folder.ts';
import type { RunTrainer } from './run-meta.ts';

/** A copy of everything after a step. */
export interface CapturedCheckpoint {
  readonly step: number;
  readonly files: Readonly<Record<string, CheckpointFile>>;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Options of {@link CheckpointWriter}. */
export interface CheckpointWriterOptions {
  readonly folder: RunFolder;
  readonly layout: Layout;
  readonly trainer: RunTrainer;
  readonly committed: CommittedParameters;
  /** Told of every checkpoint that is complete on disk. */
  readonly onWritten: (step: number, path: string) => void;
}

/** Writes the checkpoints of one run. */
export class CheckpointWriter {
  readonly #options: CheckpointWriterOptions;
  #last: Promise<unknown> = Promise.resolve();
  #lastStep: number | undefined;
  readonly #written: { readonly step: number; readonly path: string }[] = [];
  readonly #disproven = new Set<number>();

  constructor(options: CheckpointWriterOptions) {
    this.#options = options;
  }

  /** The step of the last checkpoint that was asked for; undefined before the first. */
  get lastStep(): number | undefined {
    return this.#lastStep;
  }

  /** The change of a step was taken back: its checkpoint is none to start again from. */
  disprove(step: number): void {
    this.#disproven.add(step);
  }

  /**
   * The folder of the last checkpoint on disk from which a step was made since; the first one where there is none.
   * @param step the last one that was made
   */
  lastProven(step: number): string | undefined {
    const isProven = (checkpoint: { readonly step: number }): boolean => checkpoint.step < step && !this.#disproven.has(checkpoint.step);
    return (this.#written.findLast(isProven) ?? this.#written[0])?.path;
  }

  /** Copies what a checkpoint after `step` holds. O(P) */
  capture(step: number): CapturedCheckpoint {
    const { folder, layout, trainer, committed } = this.#options;
    return {
      step,
      files: { ...committedFiles(committed, layout), ...trainer.checkpoint?.() },
      facts: { run: folder.runId, step, ...committed.position, paramsDigest: paramsDigest(layout, committed.parameters) },
    };
  }

  /** Writes a captured checkpoint after those before it; durable when the promise resolves. @throws {CheckpointError} */
  write({ step, files, facts }: CapturedCheckpoint): Promise<void> {
    const { folder, onWritten } = this.#options;
    const path = folder.checkpoint(step);
    this.#lastStep = step;
    const written = this.#last.then(async () => {
      await writeCheckpoint(path, { files, facts });
      this.#written.push({ step, path });
      onWritten(step, path);
    });
    this.#last = written.catch(() => undefined); // reported to its own caller; later ones are tried all the same
    return written;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
