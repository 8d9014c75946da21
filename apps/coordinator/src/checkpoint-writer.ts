/**
 * Checkpoints of a run: copied in the tick in which the step is complete, written behind, one at a time. `parameters.safetensors`
 * holds one tensor a parameter in layout order, `state.safetensors` the workers' state vector; the rest is the trainer's.
 */
import { float32Tensor, paramsDigest, writeCheckpoint } from '@geodesic/checkpoint';
import type { CheckpointFile } from '@geodesic/checkpoint';
import { viewOf } from '@geodesic/tensor';
import type { Layout } from '@geodesic/tensor';
import type { CommittedParameters } from './committed-parameters.ts';
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

  constructor(options: CheckpointWriterOptions) {
    this.#options = options;
  }

  /** The step of the last checkpoint that was asked for; undefined before the first. */
  get lastStep(): number | undefined {
    return this.#lastStep;
  }

  /** Copies what a checkpoint after `step` holds. O(P) */
  capture(step: number): CapturedCheckpoint {
    const { folder, layout, trainer, committed } = this.#options;
    const parameters = committed.parameters.slice();
    const tensors = new Map(
      layout.entries.map(({ name, shape }) => [name, float32Tensor(shape, viewOf(layout, parameters, name))] as const),
    );
    const state = new Map([['state', float32Tensor([committed.state.length], committed.state.slice())] as const]);
    return {
      step,
      files: { 'parameters.safetensors': { tensors }, 'state.safetensors': { tensors: state }, ...trainer.checkpoint?.() },
      facts: { run: folder.runId, step, ...committed.position, paramsDigest: paramsDigest(layout, parameters) },
    };
  }

  /** Writes a captured checkpoint after those before it; durable when the promise resolves. @throws {CheckpointError} */
  write({ step, files, facts }: CapturedCheckpoint): Promise<void> {
    const { folder, onWritten } = this.#options;
    const path = folder.checkpoint(step);
    this.#lastStep = step;
    const written = this.#last.then(async () => {
      await writeCheckpoint(path, { files, facts });
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
