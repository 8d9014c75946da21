/**
 * All slots of a round in this process, by the code of a worker: what the cluster computed together, one worker computes alone.
 */
import {
  dyadicBlocks,
  emptyContribution,
  ReductionTree,
  vectorDigest,
  vectorsOf,
  type Combination,
  type CommittedUpdate,
  type Contribution,
  type PlannedInputs,
  type RoundPlan,
  type SlotComputer,
  type Snapshot,
} from '@geodesic/cluster';
import { createSlotComputer } from '@geodesic/worker/slot-program';

/** What is computed. */
export interface RoundToCompute {
  readonly round: RoundPlan;
  readonly inputs?: PlannedInputs;
  /** Slots that a relaxed run left out, ascending. */
  readonly dropped?: readonly number[];
}

/** Computes rounds one after the other. */
export class RoundComputer {
  readonly #computer: SlotComputer;

  private constructor(computer: SlotComputer) {
    this.#computer = computer;
  }

  /** Opens data and executor of a bundle. @throws what is wrong with it, or with its data on this host */
  static async open(bundle: Uint8Array): Promise<RoundComputer> {
    return new RoundComputer(await createSlotComputer(bundle));
  }

  /** The `compute` part of the numeric fingerprint. */
  get fingerprint(): SlotComputer['fingerprint'] {
    return this.#computer.fingerprint;
  }

  /** Stands where a checkpoint stands. */
  load(snapshot: Snapshot): void {
    this.#computer.load(snapshot);
  }

  /** Follows a committed change. */
  apply(update: CommittedUpdate, combination: Combination | undefined): void {
    const release = this.#hold(combination ? [combination.direction] : []);
    this.#computer.apply(update);
    release();
  }

  /** The total of a round. @throws what its program does */
  async total({ round, inputs, dropped = [] }: RoundToCompute): Promise<Contribution> {
    const { step, attempt, phase, slots, codec } = round;
    const release = this.#hold(inputs ? vectorsOf(inputs) : []);
    const tree = new ReductionTree({ slots, ...(codec && { codec }) });
    const request = { step, attempt, phase, ...(round.inputs && { inputs: round.inputs }) };
    for (const slot of dropped) tree.accept(emptyContribution({ level: 0, index: slot }, round));
    for (const block of blocksBetween(dropped, slots)) tree.accept(await this.#computer.compute({ ...request, block }));
    release();
    return tree.total();
  }

  /** Holds vectors for as long as they are needed. */
  #hold(vectors: readonly Float32Array[]): () => void {
    const digests = vectors.map((vector) => {
      const digest = vectorDigest(vector);
      this.#computer.hold(digest, vector.slice());
      return digest;
    });
    return () => digests.forEach((digest) => this.#computer.release(digest));
  }
}

/** The blocks that cover all slots but those dropped. */
function blocksBetween(dropped: readonly number[], slots: number): ReturnType<typeof dyadicBlocks> {
  const bounds = [-1, ...dropped, slots];
  return bounds.slice(1).flatMap((end, i) => (end > bounds[i] + 1 ? dyadicBlocks(bounds[i] + 1, end) : []));
}
