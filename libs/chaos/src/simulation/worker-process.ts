/**
 * One worker process: the real {@link WorkerMachine}, the parameters and vectors it holds, one computation under way, one session at most. It
 * connects by itself, says that it lives, and looks for another coordinator when its own falls silent.
 */
import { identityOf, WorkerMachine } from '@geodesic/cluster';
import type { Assignment, Block, Contribution, RoundPlan, WorkerAction, WorkerEvent } from '@geodesic/cluster';
import { RUN } from './coordinator-process.ts';
import type { CoordinatorProcess } from './coordinator-process.ts';
import { HeldParameters } from './held-parameters.ts';
import { ask, BROKEN_MS } from './request.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { ToyComputer, ToyProgramFailure } from './toy/toy-program.ts';
import type { Upload } from './worker-desk.ts';
import type { World } from './world.ts';

const HEARTBEAT_MS = 35;
/** After so much silence of its coordinator it looks for another one. */
const SILENCE_MS = 160;
const CONNECT_MS = 40;
const SLOT_MS = 0.4;

/** Whom a worker is. */
export interface WorkerIdentity {
  readonly worker: string;
  readonly incarnation: string;
  /** Its numeric fingerprint. */
  readonly engine: string;
  /** Enters what is random, where a defect wants it. */
  readonly salt: number;
}

/** A worker process. */
export class WorkerProcess extends SimulatedProcess {
  readonly worker: string;
  readonly incarnation: string;
  /** Computes so many times slower than it should. */
  slowness = 1;
  /** Its next contribution is not finite. */
  isCorrupt = false;
  readonly #world: World;
  readonly #engine: string;
  readonly #machine = new WorkerMachine({ maxResynchronisations: 8 });
  readonly #computer: ToyComputer;
  readonly #held: HeldParameters;
  #session: CoordinatorProcess | undefined;
  #connecting: { readonly coordinator: CoordinatorProcess; readonly since: number } | undefined;
  #heardAt = 0;
  #deferredUntil = 0;
  #slots = 0;
  #isDraining = false;

  constructor(world: World, { worker, incarnation, engine, salt }: WorkerIdentity) {
    super(incarnation);
    this.worker = worker;
    this.incarnation = incarnation;
    this.#world = world;
    this.#engine = engine;
    const { padsFactor = false, codesBlocks = false } = world.defects;
    this.#computer = new ToyComputer({ padsFactor, codesBlocks, salt });
    this.#held = new HeldParameters(world, this);
  }

  /** Its coordinator. */
  get session(): CoordinatorProcess | undefined {
    return this.#session;
  }

  /** Begins to live. */
  start(): void {
    this.#beat();
  }

  /** A coordinator has made it a member. */
  welcomed(coordinator: CoordinatorProcess, { generation, term }: { generation: number; term: number }): void {
    if (this.#connecting?.coordinator !== coordinator) return;
    this.#connecting = undefined;
    this.#session = coordinator;
    this.#heardAt = this.#world.queue.now;
    this.#tell({ type: 'welcome', run: RUN, generation, term });
    if (this.#session !== coordinator) return;
    if (this.#isDraining) this.#say('draining');
    this.follow(coordinator);
  }

  assigned(coordinator: CoordinatorProcess, assignment: Assignment): void {
    if (this.#session === coordinator) this.#tell({ type: 'assign', assignment });
  }

  /** It may come back later. */
  deferred(ms: number): void {
    this.#connecting = undefined;
    this.#deferredUntil = this.#world.queue.now + ms;
  }

  /** The session with this coordinator is over. */
  disconnected(coordinator: CoordinatorProcess): void {
    if (this.#connecting?.coordinator === coordinator) this.#connecting = undefined;
    if (this.#session !== coordinator) return;
    this.#session = undefined;
    this.#tell({ type: 'disconnected' });
  }

  /** Leaves in order. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#world.note('draining', this.name);
    this.#say('draining');
    this.#tell({ type: 'drain' });
  }

  /** Catches up with what its coordinator has published. */
  follow(coordinator: CoordinatorProcess): void {
    if (this.#session === coordinator) this.#held.follow(coordinator, (position) => this.#tell({ type: 'state', ...position }));
  }

  #beat(): void {
    const { later, queue, draw } = this.#world;
    later(this, HEARTBEAT_MS * (0.7 + 0.6 * draw()), () => this.#beat());
    const session = this.#session;
    if (session && queue.now - this.#heardAt > SILENCE_MS) {
      this.#world.note('silence');
      this.disconnected(session);
    }
    if (!this.#session) this.#connect();
    else this.#heartbeat(this.#session);
  }

  #heartbeat(session: CoordinatorProcess): void {
    const { worker, incarnation } = this;
    const beat = { type: 'heartbeat', worker, incarnation, progress: this.#slots, ...this.#machine.status } as const;
    const heard = (): void => void (this.#session === session && (this.#heardAt = this.#world.queue.now));
    const deliver = (): void => {
      session.desk.hear(beat);
      this.#world.send({ from: session, to: this, deliver: heard });
    };
    this.#world.send({ from: this, to: session, deliver, isRepeatable: true });
    this.follow(session); // what it was told of its parameters may have been lost
  }

  #connect(): void {
    const { queue, findCoordinator } = this.#world;
    if (this.#connecting && queue.now - this.#connecting.since < CONNECT_MS) return;
    if (queue.now < this.#deferredUntil) return;
    const coordinator = findCoordinator();
    if (!coordinator) return;
    this.#connecting = { coordinator, since: queue.now };
    const { worker, incarnation } = this;
    const deliver = (): void => {
      if (this.#connecting?.coordinator === coordinator)
        coordinator.desk.hear({ type: 'joined', worker, incarnation, fingerprint: { engine: this.#engine } });
    };
    this.#world.send({ from: this, to: coordinator, deliver });
  }

  #say(type: 'draining' | 'left'): void {
    const session = this.#session;
    if (!session) return;
    const { worker, incarnation } = this;
    const deliver = (): void => {
      if (type === 'left') session.desk.lost(this);
      else session.desk.hear({ type, worker, incarnation });
    };
    this.#world.send({ from: this, to: session, deliver });
  }

  #tell(event: WorkerEvent): void {
    for (const action of this.#machine.handle(event)) this.#act(action);
  }

  #act(action: WorkerAction): void {
    switch (action.type) {
      case 'compute':
        this.#compute(action.round, action.block);
        break;
      case 'contribute': {
        const { retry, delayMs } = action;
        const wait = delayMs ?? (retry > 0 ? 2 ** retry : 0);
        if (wait === 0) this.#upload(action);
        else this.#world.later(this, wait, () => this.#upload(action));
        break;
      }
      case 'resynchronise':
        this.#world.note('resynchronise', action.reason);
        this.#held.forget();
        if (this.#session) this.follow(this.#session);
        break;
      case 'fail':
        throw new Error(`worker ${this.name}: ${action.reason}`);
      case 'drained':
        this.#say('left');
        this.#world.exit(this, 'drained');
        break;
      case 'reject-leader':
        this.#world.note('leader rejected');
        if (this.#session) {
          this.#session.desk.lost(this);
          this.disconnected(this.#session);
        }
        break;
    }
  }

  /** Computes with what is held when the vectors are here; nothing, when that is another version. */
  #compute(round: RoundPlan, block: Block): void {
    const { later } = this.#world;
    this.#held.provide(round.inputs, this.#session, (isHere) => {
      const held = isHere ? this.#held.copy(round.version) : undefined;
      const ms = SLOT_MS * 2 ** block.level * this.slowness;
      if (held) later(this, ms, () => this.#computed(round, block, () => this.#computer.compute(held, { ...round, block }, held.find)));
      else later(this, 0, () => this.#nothing(round, block));
    });
  }

  #computed(round: RoundPlan, block: Block, compute: () => Contribution): void {
    try {
      const contribution = compute();
      this.#slots += 2 ** block.level;
      if (this.isCorrupt) {
        this.isCorrupt = false;
        (contribution.sums.length > 0 ? contribution.sums : contribution.scalars)[0] = Number.NaN;
      }
      this.#tell({ type: 'computed', round, contribution });
    } catch (error) {
      if (!(error instanceof ToyProgramFailure)) throw error;
      this.#failed(round, error.message);
    }
  }

  /** Reported under no round's identity, so that the machine drops it. */
  #nothing(round: RoundPlan, block: Block): void {
    const contribution = { block, count: 0, scalars: new Float64Array(0), sums: new Float32Array(0) };
    this.#tell({ type: 'computed', round: { ...round, inputDigest: '' }, contribution });
  }

  #failed(round: RoundPlan, reason: string): void {
    const session = this.#session;
    const { worker, incarnation } = this;
    const event = { type: 'program-failed', worker, incarnation, round: identityOf(round), reason } as const;
    if (session) this.#world.send({ from: this, to: session, deliver: () => session.desk.hear(event), isRepeatable: true });
    this.#tell({ type: 'compute-failed', round });
  }

  /** In its own time: the session may be another by then. */
  #upload({ round, contribution }: Extract<WorkerAction, { type: 'contribute' }>): void {
    const { block } = contribution;
    const session = this.#session;
    const failed: WorkerEvent = { type: 'contribution-failed', round, block };
    if (!session) {
      this.#world.later(this, BROKEN_MS, () => this.#tell(failed));
      return;
    }
    type Answer = Parameters<Upload['settle']>[0];
    const serve = (settle: (result: Answer) => void): void => session.desk.contribute(this, { round, contribution, settle });
    ask<Answer>(this.#world, { from: this, to: session, serve, isRepeatable: true }, (result) => {
      const busy = result === 'busy' && { retryAfterMs: 5 };
      this.#tell(result === undefined ? failed : { type: 'acknowledged', round, block, result, ...busy });
    });
  }
}
