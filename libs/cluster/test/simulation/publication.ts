/**
 * What the simulated coordinator hands out: every state of the parameters since the start, and the vectors that the present needs. It keeps no
 * more of these, so that late workers find some gone.
 */
import {
  chunkCrcs,
  initialChain,
  nextChain,
  nextCombinationChain,
  parametersChecksum,
  planRound,
  referTo,
  VectorCache,
  vectorDigest,
  vectorsOf,
} from '@geodesic/cluster';
import type { ParameterUpdate, PhasePlan, RoundPlan, StreamedUpdate } from '@geodesic/cluster';
import type { Published } from './simulated-worker.ts';
import type { ToyTrainer } from './toy-training.ts';

/** The public side of a training. */
export class Publication {
  readonly #trainer: ToyTrainer;
  readonly #history: Published[] = [];
  readonly #objects = new VectorCache<Float32Array>({ spareElements: 0 });
  #named: readonly string[] = [];

  constructor(trainer: ToyTrainer) {
    this.#trainer = trainer;
    const { parameters, state, previous } = trainer;
    const position = { version: 0, chain: initialChain(parameters, state), checksum: parametersChecksum(parameters) };
    this.#history.push({ position, parameters: parameters.slice(), state, previous });
  }

  /** All states, by version. */
  get history(): readonly Published[] {
    return this.#history;
  }

  /** The vector at an address, while it is kept. */
  find(digest: string): Float32Array | undefined {
    return this.#objects.get(digest);
  }

  /** Adds the state that the trainer is in after an update. */
  publish(update: ParameterUpdate): void {
    const { version, chain } = this.#history[this.#history.length - 1].position;
    const parameters = this.#trainer.parameters.slice();
    const { streamed, next } = this.#stream(update, { version: version + 1, chain });
    const position = { version: version + 1, chain: next, checksum: parametersChecksum(parameters) };
    this.#history.push({ position, parameters, state: update.state, previous: this.#trainer.previous.slice(), update: streamed });
  }

  /** The round of a plan at the newest state, whose vectors are kept from here on. */
  begin(plan: PhasePlan): RoundPlan {
    this.#objects.pin('previous round', this.#named);
    this.#named = this.#offer('round', plan.inputs ? vectorsOf(plan.inputs) : []);
    const { position } = this.#history[this.#history.length - 1];
    return planRound({ run: 'toy', plan, position });
  }

  #stream(update: ParameterUpdate, { version, chain }: { version: number; chain: string }): { streamed: StreamedUpdate; next: string } {
    if ('combination' in update) {
      this.#offer('update', [update.combination.direction]);
      const streamed = { combination: referTo(update.combination), state: update.state };
      return { streamed, next: nextCombinationChain(chain, version, streamed) };
    }
    const crcs = chunkCrcs(new Uint8Array(Float32Array.of(...update.delta, ...update.state).buffer));
    return { streamed: update, next: nextChain(chain, version, crcs) };
  }

  #offer(holder: string, vectors: readonly Float32Array[]): string[] {
    for (const vector of vectors) this.#objects.add(vectorDigest(vector), { value: vector, length: vector.length });
    const digests = vectors.map(vectorDigest);
    this.#objects.pin(holder, digests);
    this.#objects.trim();
    return digests;
  }
}
