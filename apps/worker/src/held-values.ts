/**
 * What a worker holds from round to round: the parameters, the committed state, the last change and the vectors that rounds name, each where
 * the executor computes. A trial's parameters are formed by the code that applies updates, so they are those that a commit would lead to.
 * P parameters.
 */
import { applyUpdate, combine, parametersChecksum } from '@geodesic/cluster';
import type { CombinationReference, RoundInputs, Snapshot, StreamedUpdate } from '@geodesic/cluster';
import { isDeviceExecutor, type DeviceValue, type Executor, type Graph, type NamedTensors } from '@geodesic/engine';
import { sizeOf, type TensorData } from '@geodesic/tensor';
import type { SharedInputs } from './phase-runner.ts';

const PREVIOUS = 'previous';
const VECTOR = 'vector:';

/** What all slots of a computation share. */
export interface SharedValues {
  /** On the host. */
  readonly host: NamedTensors;
  /** Where the executor computes. */
  readonly placed: SharedInputs;
}

/** The values of one worker; one call at a time. */
export class HeldValues {
  readonly #executor: Executor;
  readonly #theta: TensorData;
  readonly #state: TensorData;
  /** [P], or [0] in a run that never reads it. */
  #previous: Float32Array = new Float32Array(0);
  /** Theta plus the move of the last trial, from its first block on until something else is asked for. */
  #moved: { readonly key: string; readonly theta: TensorData } | undefined;
  readonly #vectors = new Map<string, Float32Array>();
  /** Copies on the device, by address or name. */
  readonly #placed = new Map<string, DeviceValue>();

  constructor(executor: Executor, sizes: { readonly parameters: number; readonly state: number }) {
    this.#executor = executor;
    this.#theta = flat(new Float32Array(sizes.parameters));
    this.#state = flat(new Float32Array(sizes.state));
  }

  /** Replaces all but the vectors by a copy of a snapshot; returns the checksum of the parameters. */
  load({ parameters, state, previous }: Snapshot): string {
    this.#changed();
    this.#theta.data.set(parameters);
    this.#state.data.set(state);
    this.#previous = previous.slice();
    return parametersChecksum(parameters);
  }

  /** Applies an update; returns the checksum of the parameters. @throws {RangeError} when its direction is not held */
  apply(update: StreamedUpdate): string {
    this.#changed();
    const delta = 'delta' in update ? update.delta : this.#combine(update.combination);
    this.#state.data.set(update.state);
    if (this.#previous.length > 0) this.#previous.set(delta);
    return applyUpdate(this.#theta.data as Float32Array, delta);
  }

  /** Takes a vector over. */
  hold(digest: string, vector: Float32Array): void {
    this.#vectors.set(digest, vector);
  }

  /** Forgets a vector. */
  release(digest: string): void {
    this.#vectors.delete(digest);
    this.#displace(digest);
  }

  /** The values that a graph reads beside rows. @throws {RangeError} naming a vector that the round does not give, or not in the graph's size */
  async shared(graph: Graph, inputs: RoundInputs | undefined): Promise<SharedValues> {
    const host: Record<string, TensorData> = { theta: this.#at(inputs?.move), state: this.#state };
    const placed: { theta: TensorData | DeviceValue; state: TensorData; [vector: string]: TensorData | DeviceValue } = {
      theta: await this.#place(inputs?.move ? 'moved' : 'theta', host.theta),
      state: this.#state,
    };
    for (const { name, id } of graph.inputs) {
      const { shape } = graph.nodes[id];
      if (name === PREVIOUS) {
        host[name] = shaped(name, shape, this.#previous);
        placed[name] = await this.#place(PREVIOUS, host[name]);
      } else if (name.startsWith(VECTOR)) {
        const reference = inputs?.vectors.find((vector) => VECTOR + vector.name === name);
        if (!reference) throw new RangeError(`compute: expected the round to bring ${name}, got none (the trainer must broadcast it)`);
        host[name] = shaped(name, shape, this.#vector(reference.digest));
        placed[name] = await this.#place(`${reference.digest} [${shape.join()}]`, host[name]);
      }
    }
    return { host, placed };
  }

  #at(move: CombinationReference | undefined): TensorData {
    if (!move) return this.#theta;
    const key = JSON.stringify([move.digest, move.alpha, move.mu]);
    if (this.#moved?.key === key) return this.#moved.theta;
    this.#displace('moved');
    const theta = flat((this.#theta.data as Float32Array).slice());
    applyUpdate(theta.data as Float32Array, this.#combine(move));
    this.#moved = { key, theta };
    return theta;
  }

  #combine({ digest, alpha, mu }: CombinationReference): Float32Array {
    return combine(this.#vector(digest), this.#previous, alpha, mu);
  }

  #vector(digest: string): Float32Array {
    const vector = this.#vectors.get(digest);
    if (vector) return vector;
    throw new RangeError(`compute: expected the vector ${digest} to be held, got ${this.#vectors.size} others`);
  }

  async #place(key: string, value: TensorData): Promise<TensorData | DeviceValue> {
    if (!isDeviceExecutor(this.#executor)) return value;
    const placed = this.#placed.get(key) ?? (await this.#executor.place(value));
    this.#placed.set(key, placed);
    return placed;
  }

  /** The parameters are about to change. */
  #changed(): void {
    this.#moved = undefined;
    for (const key of ['theta', 'moved', PREVIOUS]) this.#displace(key);
  }

  /** Gives the device's copies of a value back: one by name, all shapes of one by address. */
  #displace(name: string): void {
    for (const [key, value] of this.#placed) {
      if (key !== name && !key.startsWith(`${name} `)) continue;
      value.dispose();
      this.#placed.delete(key);
    }
  }
}

function flat(data: Float32Array): TensorData {
  return { dtype: 'float32', shape: [data.length], data };
}

/** A flat vector in the shape that a graph wants. */
function shaped(name: string, shape: TensorData['shape'], data: Float32Array): TensorData {
  if (data.length === sizeOf(shape)) return { dtype: 'float32', shape, data };
  throw new RangeError(`compute: ${name}: expected ${sizeOf(shape)} elements, got ${data.length}`);
}
