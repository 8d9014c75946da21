/** When a coordinator copies its state and when it writes the copy: after a step, but not before that step is durable. */
import type { CommittedParameters } from '@geodesic/cluster';
import { writeCheckpoint } from './simulated-checkpoints.ts';
import type { SimulatedJournal } from './simulated-journal.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { encodeCheckpoint } from './toy/toy-checkpoint.ts';
import type { ToyTrainer } from './toy/toy-trainer.ts';
import type { World } from './world.ts';

/** Mean duration of each part of a write, ms. */
const PART_MS = 2;

/** Whose state is kept. */
export interface CheckpointOwner {
  readonly process: SimulatedProcess;
  readonly trainer: ToyTrainer;
  readonly committed: CommittedParameters;
  readonly journal: SimulatedJournal;
}

/** The checkpoints of one coordinator. */
export class CheckpointKeeper {
  readonly #world: World;
  readonly #owner: CheckpointOwner;
  #captured: { readonly step: number; readonly bytes: Uint8Array } | undefined;
  #lastStep: number;

  constructor(world: World, owner: CheckpointOwner) {
    this.#world = world;
    this.#owner = owner;
    this.#lastStep = owner.trainer.saved.step;
  }

  /** Parameters and optimiser stand after a step, which is not durable yet. */
  advanced(step: number): void {
    if (step % this.#world.checkpointEvery === 0) this.#capture(step);
  }

  /** What was committed last is durable: so may be its checkpoint. */
  durable(): void {
    const captured = this.#captured;
    if (!captured) return;
    this.#captured = undefined;
    const { disk, draw, later, cut } = this.#world;
    const { process, journal } = this.#owner;
    const soon = (_what: string, callback: () => void): void => later(process, PART_MS * (0.5 + draw()), callback);
    writeCheckpoint({ disk, cut, later: soon }, captured, () => journal.retire(captured.step));
  }

  /** The run ends after this step, perhaps with the next one under way: of that one its beginning is kept. */
  last(step: number): void {
    if (this.#lastStep === step) return;
    this.#capture(step);
    this.durable();
  }

  #capture(step: number): void {
    const { trainer, committed, journal } = this.#owner;
    journal.rotate(step);
    this.#captured = { step, bytes: encodeCheckpoint(trainer, committed) };
    this.#lastStep = step;
  }
}
