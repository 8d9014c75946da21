/**
 * The parameters that the cluster agrees on: the trainer's arrays, how many updates they have seen, the digest chain over these, and the
 * last change where workers need it. Updates are applied here and nowhere else in the coordinator, by the code that the workers use.
 */
import { applyUpdate, parametersChecksum } from './apply-update.ts';
import { combine, type CombinationReference } from './combination.ts';
import { initialChain, nextChain, nextCombinationChain, updateCrcs } from './digest.ts';
import { ProtocolError } from './errors.ts';
import { referTo } from './round-inputs.ts';
import type { Position } from './round.ts';
import type { ParameterUpdate, Snapshot } from './training-interfaces.ts';

/** A committed change as it is streamed to the workers. */
export type CommittedUpdate = {
  /** Number of updates up to and with this one. */
  readonly version: number;
  readonly previousChain: string;
  readonly chain: string;
  readonly state: Float32Array;
} & (
  | {
      readonly delta: Float32Array;
      /** CRC-32 of each canonical chunk: the transport need not compute them again. */
      readonly crcs: Uint32Array;
    }
  | { readonly combination: CombinationReference }
);

/** Where the parameters of a checkpoint stand. */
export interface CommittedStart {
  readonly version: number;
  readonly chain: string;
  /** The last committed change [P]; [0] in a run that never reads it. */
  readonly previous: Float32Array;
  /** Of the parameters, if it was kept. */
  readonly checksum?: string;
}

/** Parameters and state with their position in the run. */
export class CommittedParameters {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** The last committed change, zeros before the first: [P], or [0] where no program of the run reads it. */
  readonly previous: Float32Array;
  #position: Position;

  /**
   * Takes over the arrays of a trainer.
   * @param options.usesPrevious whether workers hold the last change; default false
   * @param options.start where a run goes on from a checkpoint; default: before the first update
   * @throws {ProtocolError} when the last change of a start is missing where it is needed, or its checksum is that of other parameters
   */
  constructor(
    { parameters, state }: { readonly parameters: Float32Array; readonly state: Float32Array },
    options: { readonly usesPrevious?: boolean; readonly start?: CommittedStart } = {},
  ) {
    const { start } = options;
    const length = options.usesPrevious === true ? parameters.length : 0;
    if (start && start.previous.length !== length)
      throw new ProtocolError('CommittedParameters: previous', `${length} elements`, `${start.previous.length}`);
    this.parameters = parameters;
    this.state = state;
    this.previous = start ? start.previous.slice() : new Float32Array(length);
    const checksum = parametersChecksum(parameters);
    if (checksum !== (start?.checksum ?? checksum)) throw new ProtocolError('CommittedParameters: checksum', start!.checksum!, checksum);
    this.#position = { version: start?.version ?? 0, chain: start?.chain ?? initialChain(parameters, state), checksum };
  }

  /** Version, chain and checksum of what is held. */
  get position(): Position {
    return this.#position;
  }

  /** What a worker needs to start from here; shares the arrays. */
  snapshot(): Snapshot & Pick<Position, 'version' | 'chain'> {
    const { version, chain } = this.#position;
    return { version, chain, parameters: this.parameters, state: this.state, previous: this.previous };
  }

  /** Applies an update and returns it as it is streamed to the workers. O(P) */
  advance(update: ParameterUpdate): CommittedUpdate {
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
    const crcs = updateCrcs(delta, state);
    const chain = nextChain(previousChain, version, crcs);
    this.#apply({ delta, state }, { version, chain });
    return { version, previousChain, chain, delta, state, crcs };
  }

  #apply({ delta, state }: { delta: Float32Array; state: Float32Array }, { version, chain }: Pick<Position, 'version' | 'chain'>): void {
    const checksum = applyUpdate(this.parameters, delta);
    this.state.set(state);
    if (this.previous.length > 0) this.previous.set(delta);
    this.#position = { version, chain, checksum };
  }
}
