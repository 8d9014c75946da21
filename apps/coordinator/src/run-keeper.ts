/** What a run keeps while it goes on: when checkpoints are due and how long rounds wait for them, and factors that could not be inverted. */
import { writeDurably } from '@geodesic/checkpoint';
import { RunStoreError } from '@geodesic/run-store';
import { reportError } from './errors.ts';
import type { ErrorReport } from './errors.ts';
import type { CapturedCheckpoint } from './run-checkpoints.ts';
import type { RunParts } from './run-parts.ts';

/** The keeper of one run. */
export class RunKeeper {
  readonly #parts: RunParts;
  #captured: CapturedCheckpoint | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** What a round waits for before it begins: a disk that works, and room for copies; undefined: nothing. */
  get gate(): Promise<void> | undefined {
    const { storage, checkpoints } = this.#parts;
    return storage.isFailing || checkpoints.isCrowded ? this.#roomOnDisk() : undefined;
  }

  /** Parameters and optimiser stand after a step, which is not durable yet: copies what a checkpoint needs, if one is due. */
  advanced(step: number): void {
    const { meta, checkpoints } = this.#parts;
    const { checkpointEvery, steps } = meta;
    const isDue = checkpointEvery > 0 && step > 0 && step < steps && step % checkpointEvery === 0;
    if (isDue) this.#captured = checkpoints.capture(step);
  }

  /** The step is durable: so may be its checkpoint. */
  durable(): void {
    const { checkpoints, logger } = this.#parts;
    this.#keepDumps();
    const captured = this.#captured;
    this.#captured = undefined;
    if (captured === undefined) return;
    checkpoints
      .write(captured)
      .catch((error: unknown) => logger.error('checkpoint not written; the run goes on', { step: captured.step, error }));
  }

  /** A failure with the place from which to start again: the parameters of the last step have not been seen to work. */
  async reportFailure(cause: unknown, step: number): Promise<ErrorReport> {
    const { checkpoints } = this.#parts;
    const report = reportError(cause);
    if (cause instanceof RunStoreError) return report;
    await checkpoints.idle();
    const path = checkpoints.lastProven(step);
    return path === undefined ? report : { ...report, message: `${report.message}; the last good checkpoint is ${path}` };
  }

  async #roomOnDisk(): Promise<void> {
    const { storage, checkpoints } = this.#parts;
    await storage.guard.clear;
    if (checkpoints.isCrowded) await checkpoints.idle();
  }

  /** Keeps matrices that could not be inverted at first; the step went on without waiting for them. */
  #keepDumps(): void {
    const { folder, logger, trainer } = this.#parts;
    for (const { name, bytes } of trainer.takeDumps?.() ?? []) {
      const path = folder.failedFactor(name);
      logger.warn('a curvature factor was not positive definite', { run: folder.runId, kept: path });
      writeDurably(path, bytes).catch((error: unknown) => logger.warn('the factor was not kept', { path, error }));
    }
  }
}
