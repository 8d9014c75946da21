/**
 * What a simulated coordinator streams and keeps for fetching: every update since it came up, and the vectors that the present and the last
 * rounds need. It keeps no more of these, so that late workers find some gone.
 */
import { vectorDigest, VectorCache, vectorsOf } from '@geodesic/cluster';
import type { Combination, CommittedParameters, CommittedUpdate, PlannedInputs, Position, Snapshot } from '@geodesic/cluster';

/** A state of the parameters that has been published. */
export interface Published extends Snapshot {
  readonly position: Position;
  /** What led to it from the version before; undefined for the first one. */
  readonly update?: CommittedUpdate;
}

/** The public side of one coordinator. */
export class Publication {
  readonly #committed: CommittedParameters;
  readonly #history: Published[] = [];
  readonly #objects = new VectorCache<Float32Array>({ spareElements: 0 });
  #named: readonly string[] = [];

  constructor(committed: CommittedParameters) {
    this.#committed = committed;
    this.#keep();
  }

  get newest(): Published {
    return this.#history[this.#history.length - 1];
  }

  /** The state after this one, if there is one and that is what is held. */
  after({ version, chain }: Position): Published | undefined {
    const index = version - this.#history[0].position.version;
    return this.#history.at(index)?.position.chain === chain && index >= 0 ? this.#history.at(index + 1) : undefined;
  }

  /** The vector at an address, while it is kept. */
  find(digest: string): Float32Array | undefined {
    return this.#objects.get(digest);
  }

  publish(update: CommittedUpdate, combination: Combination | undefined): void {
    if (combination) this.#offer('update', [combination.direction]);
    this.#keep(update);
  }

  /** The vectors of a round are kept from here on, and those of the round before. */
  begin(inputs: PlannedInputs | undefined): void {
    this.#objects.pin('previous round', this.#named);
    this.#named = this.#offer('round', inputs ? vectorsOf(inputs) : []);
  }

  #keep(update?: CommittedUpdate): void {
    const { position, parameters, state, previous } = this.#committed;
    const copies = { parameters: parameters.slice(), state: state.slice(), previous: previous.slice() };
    this.#history.push({ position, ...copies, ...(update && { update }) });
  }

  #offer(holder: string, vectors: readonly Float32Array[]): string[] {
    for (const vector of vectors) this.#objects.add(vectorDigest(vector), { value: vector, length: vector.length });
    const digests = vectors.map(vectorDigest);
    this.#objects.pin(holder, digests);
    this.#objects.trim();
    return digests;
  }
}
