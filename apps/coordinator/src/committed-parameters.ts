/**
 * The parameters that the cluster agrees on: the trainer's arrays, how many updates they have seen, and the digest chain over these.
 * Updates are applied here and nowhere else in the coordinator, by the code that the workers use.
 */
import { applyUpdate, chunkCrcs, initialChain, nextChain, parametersChecksum } from '@geodesic/cluster';
import type { ParameterUpdate, Position } from '@geodesic/cluster';
import { updatePayload } from '@geodesic/wire';
import type { Snapshot, Update } from '@geodesic/wire';

/** Parameters and state with their position in the run. */
export class CommittedParameters {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  #position: Position;

  /** Takes over the arrays of a trainer, before its first update. */
  constructor({ parameters, state }: { readonly parameters: Float32Array; readonly state: Float32Array }) {
    this.parameters = parameters;
    this.state = state;
    this.#position = { version: 0, chain: initialChain(parameters, state), checksum: parametersChecksum(parameters) };
  }

  /** Version, chain and checksum of what is held. */
  get position(): Position {
    return this.#position;
  }

  /** What a worker needs to start from here; shares the arrays. */
  snapshot(): Snapshot {
    const { version, chain } = this.#position;
    return { version, chain, parameters: this.parameters, state: this.state };
  }

  /** Applies an update and returns it as it is streamed to the workers. O(P) */
  advance({ delta, state }: ParameterUpdate): Update {
    const previousChain = this.#position.chain;
    const version = this.#position.version + 1;
    const chain = nextChain(previousChain, version, chunkCrcs(updatePayload(delta, state)));
    const checksum = applyUpdate(this.parameters, delta);
    this.state.set(state);
    this.#position = { version, chain, checksum };
    return { version, previousChain, chain, delta, state };
  }
}
