/**
 * The parameters that the cluster agrees on: the trainer's arrays, how many updates they have seen, the digest chain over these, and the
 * last change where workers need it. Updates are applied here and nowhere else in the coordinator, by the code that the workers use.
 */
import {
  applyUpdate,
  chunkCrcs,
  combine,
  initialChain,
  nextChain,
  nextCombinationChain,
  parametersChecksum,
  referTo,
} from '@geodesic/cluster';
import type { ParameterUpdate, Position } from '@geodesic/cluster';
import { updatePayload } from '@geodesic/wire';
import type { Snapshot, Update } from '@geodesic/wire';

/** Parameters and state with their position in the run. */
export class CommittedParameters {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** The last committed change, zeros before the first: [P], or [0] where no program of the run reads it. */
  readonly previous: Float32Array;
  #position: Position;

  /**
   * Takes over the arrays of a trainer, before its first update.
   * @param options.usesPrevious whether workers hold the last change; default false
   */
  constructor(
    { parameters, state }: { readonly parameters: Float32Array; readonly state: Float32Array },
    options: { readonly usesPrevious?: boolean } = {},
  ) {
    this.parameters = parameters;
    this.state = state;
    this.previous = new Float32Array(options.usesPrevious === true ? parameters.length : 0);
    this.#position = { version: 0, chain: initialChain(parameters, state), checksum: parametersChecksum(parameters) };
  }

  /** Version, chain and checksum of what is held. */
  get position(): Position {
    return this.#position;
  }

  /** What a worker needs to start from here; shares the arrays. */
  snapshot(): Snapshot {
    const { version, chain } = this.#position;
    return { version, chain, parameters: this.parameters, state: this.state, previous: this.previous };
  }

  /** Applies an update and returns it as it is streamed to the workers. O(P) */
  advance(update: ParameterUpdate): Update {
    const { state } = update;
    const previousChain = this.#position.chain;
    const version = this.#position.version + 1;
    if ('combination' in update) {
      const { direction, alpha, mu } = update.combination;
      const combination = referTo(update.combination);
      const chain = nextCombinationChain(previousChain, version, { combination, state });
      this.#apply({ delta: combine(direction, this.previous, alpha, mu), state }, { version, chain });
      return { version, previousChain, chain, combination, state };
    }
    const { delta } = update;
    const chain = nextChain(previousChain, version, chunkCrcs(updatePayload(delta, state)));
    this.#apply({ delta, state }, { version, chain });
    return { version, previousChain, chain, delta, state };
  }

  #apply({ delta, state }: { delta: Float32Array; state: Float32Array }, { version, chain }: Pick<Position, 'version' | 'chain'>): void {
    const checksum = applyUpdate(this.parameters, delta);
    this.state.set(state);
    if (this.previous.length > 0) this.previous.set(delta);
    this.#position = { version, chain, checksum };
  }
}
