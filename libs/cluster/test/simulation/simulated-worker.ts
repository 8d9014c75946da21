/**
 * One worker process of the simulation: a {@link WorkerMachine} with the parameters and vectors it holds and one computation under way. It
 * hands what it wants sent or fetched to the world; what it does not say (a kill, a pause) is the world's business.
 */
import { addressesOf, applyUpdate, combine, parametersChecksum, VectorCache, WorkerMachine } from '@geodesic/cluster';
import type { Block, Contribution, Position, RoundPlan, Snapshot, StreamedUpdate, WorkerAction, WorkerEvent } from '@geodesic/cluster';
import { computeBlock, SIZE, ToyProgramFailure } from './toy-training.ts';

/** A state of the parameters that the coordinator has published: after `version` updates. */
export interface Published extends Snapshot {
  readonly position: Position;
  /** What led to it from the version before; undefined for version 0. */
  readonly update?: StreamedUpdate;
}

/** Where a worker's messages go. */
export interface World {
  contribute(worker: SimulatedWorker, round: RoundPlan, contribution: Contribution): void;
  failed(worker: SimulatedWorker, round: RoundPlan, reason: string): void;
  /** Its parameters are not those of the round. */
  diverged(worker: SimulatedWorker): void;
  /** Answers, some time or never, with the vector, `gone`, or `lost` when the transfer broke. */
  fetch(worker: SimulatedWorker, digest: string, answer: (vector: Float32Array | 'gone' | 'lost') => void): void;
}

/** Ways in which this process breaks the rules. */
export interface WorkerSabotage {
  /** Takes snapshots without the last change. */
  readonly forgetsPrevious?: boolean;
  /** Forms combinations without the last change. */
  readonly dropsMomentum?: boolean;
}

/** A simulated process. */
export class SimulatedWorker {
  readonly worker: string;
  readonly incarnation: string;
  readonly machine: WorkerMachine = new WorkerMachine();
  connected = false;
  paused = false;
  /** Whether a heartbeat is on its way: a session carries one at a time. */
  beating = false;
  failure: string | undefined;
  held: Published | undefined;
  readonly #world: World;
  readonly #sabotage: WorkerSabotage;
  readonly #vectors = new VectorCache<Float32Array>({ spareElements: 2 * SIZE });
  readonly #fetching = new Set<string>();
  #job: { readonly round: RoundPlan; readonly block: Block } | undefined;

  constructor(options: {
    readonly worker: string;
    readonly incarnation: string;
    readonly world: World;
    readonly sabotage: WorkerSabotage;
  }) {
    this.worker = options.worker;
    this.incarnation = options.incarnation;
    this.#world = options.world;
    this.#sabotage = options.sabotage;
  }

  /** Gives an event to the machine and does what it says. */
  tell(event: WorkerEvent): void {
    for (const action of this.machine.handle(event)) this.#act(action);
  }

  /** Receives the next update, or a snapshot when there is nothing to update; waits for the direction of a combination. */
  follow(history: readonly Published[]): void {
    const newest = history[history.length - 1];
    const next = this.held && history[this.held.position.version + 1];
    if (this.held?.position.version === newest.position.version) return;
    if (this.held && next?.update) {
      const { update } = next;
      const needs = 'combination' in update ? [update.combination.digest] : [];
      if (!this.#provide('update', needs, () => (this.held = undefined))) return;
      this.held = this.#apply(this.held, { ...next, update });
    } else {
      this.load(newest);
    }
    this.tell({ type: 'state', ...this.position });
  }

  /** Replaces what is held by a snapshot. */
  load({ position, parameters, state, previous }: Published): void {
    const held = { parameters: parameters.slice(), state, previous: previous.slice() };
    if (this.#sabotage.forgetsPrevious) held.previous.fill(0);
    this.held = { ...held, position: { ...position, checksum: parametersChecksum(parameters) } };
  }

  get position(): Position {
    if (!this.held) throw new Error('nothing held yet');
    return this.held.position;
  }

  /** Finishes the computation under way, if any, once its vectors are here. */
  finishJob(): void {
    const job = this.#job;
    if (!job || !this.held) return;
    const { round, block } = job;
    const nothing = (): void => {
      if (this.#job !== job) return;
      this.#job = undefined;
      const none = { block, count: 0, scalars: new Float64Array(0), sums: new Float32Array(0) };
      this.tell({ type: 'computed', round: { ...round, inputDigest: '' }, contribution: none });
    };
    if (!this.#provide('round', round.inputs ? [...addressesOf(round.inputs).keys()] : [], nothing)) return;
    this.#job = undefined;
    try {
      const contribution = computeBlock(this.held, { ...round, block }, (digest) => this.#vectors.get(digest));
      this.tell({ type: 'computed', round, contribution });
    } catch (error) {
      if (!(error instanceof ToyProgramFailure)) throw error;
      this.#world.failed(this, round, error.message);
      this.tell({ type: 'compute-failed', round });
    }
  }

  #apply(held: Published, { position, update }: { position: Position; update: StreamedUpdate }): Published {
    const parameters = held.parameters.slice();
    const delta = 'delta' in update ? update.delta : this.#combine(held, update.combination);
    const checksum = applyUpdate(parameters, delta);
    return { position: { ...position, checksum }, parameters, state: update.state, previous: delta.slice() };
  }

  #combine({ previous }: Published, { digest, alpha, mu }: { digest: string; alpha: number; mu: number }): Float32Array {
    const direction = this.#vectors.get(digest)!;
    return combine(direction, previous, alpha, this.#sabotage.dropsMomentum ? 0 : mu);
  }

  /** Whether all of these are held; if not, they are being fetched. */
  #provide(holder: string, digests: readonly string[], onGone: () => void): boolean {
    this.#vectors.pin(holder, digests);
    this.#vectors.trim();
    const missing = digests.filter((digest) => !this.#vectors.has(digest));
    for (const digest of missing.filter((one) => !this.#fetching.has(one))) {
      this.#fetching.add(digest);
      this.#world.fetch(this, digest, (answer) => {
        this.#fetching.delete(digest);
        if (answer === 'gone') onGone();
        else if (answer !== 'lost') this.#vectors.add(digest, { value: answer, length: answer.length });
      });
    }
    return missing.length === 0;
  }

  #act(action: WorkerAction): void {
    switch (action.type) {
      case 'compute':
        if (this.#job) throw new Error('two computations at once');
        this.#job = action;
        break;
      case 'contribute':
        this.#world.contribute(this, action.round, action.contribution);
        break;
      case 'resynchronise':
        this.#world.diverged(this);
        this.held = undefined;
        break;
      case 'fail':
        this.failure = action.reason;
        break;
    }
  }
}
