/**
 * One worker process of the simulation: a {@link WorkerMachine} with the parameters it holds and one computation under way. It hands
 * what it wants sent to its post box; what it does not say (a kill, a pause) is the world's business.
 */
import { applyUpdate, parametersChecksum, WorkerMachine } from '@geodesic/cluster';
import type { Block, Contribution, Position, RoundPlan, WorkerAction, WorkerEvent } from '@geodesic/cluster';
import { computeBlock } from './toy-training.ts';

/** A state of the parameters that the coordinator has published: after `version` updates. */
export interface Published {
  readonly position: Position;
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** What led to it from the version before; undefined for version 0. */
  readonly delta?: Float32Array;
}

/** Where a worker's contributions go. */
export type PostBox = (worker: SimulatedWorker, round: RoundPlan, contribution: Contribution) => void;

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
  readonly #post: PostBox;
  #job: { readonly round: RoundPlan; readonly block: Block } | undefined;

  constructor(options: { readonly worker: string; readonly incarnation: string; readonly post: PostBox }) {
    this.worker = options.worker;
    this.incarnation = options.incarnation;
    this.#post = options.post;
  }

  /** Gives an event to the machine and does what it says. */
  tell(event: WorkerEvent): void {
    for (const action of this.machine.handle(event)) this.#act(action);
  }

  /** Receives the next update, or a snapshot when there is nothing to update; false when it holds the newest. */
  follow(history: readonly Published[]): boolean {
    const newest = history[history.length - 1];
    const next = this.held && history[this.held.position.version + 1];
    if (this.held?.position.version === newest.position.version) return false;
    if (this.held && next?.delta) {
      const parameters = this.held.parameters.slice();
      const checksum = applyUpdate(parameters, next.delta);
      this.held = { position: { ...next.position, checksum }, parameters, state: next.state };
    } else {
      this.load(newest);
    }
    this.tell({ type: 'state', ...this.position });
    return true;
  }

  /** Replaces what is held by a snapshot. */
  load({ position, parameters, state }: Published): void {
    this.held = { position: { ...position, checksum: parametersChecksum(parameters) }, parameters: parameters.slice(), state };
  }

  get position(): Position {
    if (!this.held) throw new Error('nothing held yet');
    return this.held.position;
  }

  /** Finishes the computation under way, if any. */
  finishJob(): void {
    const job = this.#job;
    if (!job || !this.held) return;
    this.#job = undefined;
    const contribution = computeBlock(this.held, { ...job.round, block: job.block });
    this.tell({ type: 'computed', round: job.round, contribution });
  }

  #act(action: WorkerAction): void {
    switch (action.type) {
      case 'compute':
        if (this.#job) throw new Error('two computations at once');
        this.#job = action;
        break;
      case 'contribute':
        this.#post(this, action.round, action.contribution);
        break;
      case 'resynchronise':
        this.held = undefined;
        break;
      case 'fail':
        this.failure = action.reason;
        break;
    }
  }
}
