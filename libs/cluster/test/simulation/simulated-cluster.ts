/**
 * A whole cluster in one loop: a seeded scheduler picks every next event among deliveries in any order, losses, duplicates, kills,
 * joins, pauses, broken sessions and coordinator restarts, and checks that every finished round covers each slot once.
 */
import { CoordinatorMachine, slotsOf } from '@geodesic/cluster';
import type { Absorbed, Contribution, CoordinatorAction, CoordinatorEvent, RoundIdentity, RoundPlan, WorkerEvent } from '@geodesic/cluster';
import { Publication } from './publication.ts';
import { pick, seeded } from './random.ts';
import type { Draw } from './random.ts';
import { SimulatedWorker } from './simulated-worker.ts';
import type { WorkerSabotage } from './simulated-worker.ts';
import { examplesOf, SLOTS, ToyTrainer } from './toy-training.ts';

/** Probabilities of a fault in one event of the scheduler. */
export interface Faults {
  readonly kill: number;
  readonly join: number;
  readonly pause: number;
  readonly cut: number;
  readonly restart: number;
  /** Of a delivery. */
  readonly loss: number;
  readonly duplicate: number;
}

/** Ways to break the promise on purpose; a simulation that cannot tell is worth nothing. */
export interface Sabotage extends WorkerSabotage {
  /** Changes a contribution on its way to the coordinator. */
  readonly tamper?: (
    sent: { round: RoundIdentity; contribution: Contribution; worker: string },
    current: RoundPlan | undefined,
  ) => RoundIdentity;
  /** Replaces a round's total. */
  readonly total?: (accepted: readonly Contribution[], total: Contribution) => Contribution;
  /** Lets workers believe that they hold the round's inputs. */
  readonly blindWorkers?: boolean;
}

/** What a schedule led to. */
export interface Outcome {
  readonly fingerprint: string;
  readonly events: number;
  readonly counts: Readonly<Record<string, number>>;
}

interface Message {
  readonly deliver: () => void;
  readonly lose: () => void;
  readonly repeatable: boolean;
}

const LEASE_MS = 250;
const MAX_WORKERS = 7;
const MAX_EVENTS = 40_000;

/** Runs one schedule to its end. @throws {Error} when it does not end, or a round covers a slot not once */
export function simulate(options: { seed: number; steps: number; faults: Faults; sabotage?: Sabotage }): Outcome {
  return new SimulatedCluster(options).run();
}

class SimulatedCluster {
  readonly #draw: Draw;
  readonly #faults: Faults;
  readonly #sabotage: Sabotage;
  readonly #trainer: ToyTrainer;
  readonly #published: Publication;
  readonly #workers: SimulatedWorker[] = [];
  readonly #post: Message[] = [];
  readonly #counts: Record<string, number> = {};
  #coordinator = new CoordinatorMachine({ leaseMs: LEASE_MS });
  #accepted: Contribution[] = [];
  #now = 0;
  #born = 0;

  constructor({ seed, steps, faults, sabotage }: { seed: number; steps: number; faults: Faults; sabotage?: Sabotage }) {
    this.#draw = seeded(seed);
    this.#faults = faults;
    this.#sabotage = sabotage ?? {};
    this.#trainer = new ToyTrainer(steps);
    this.#published = new Publication(this.#trainer);
  }

  run(): Outcome {
    const first = 1 + Math.floor(this.#draw() * 5);
    for (let i = 0; i < first; i += 1) this.#spawn();
    this.#beginRound();
    let events = 0;
    for (; this.#trainer.plan() !== undefined; events += 1) {
      if (events > MAX_EVENTS) throw new Error(`no end after ${events} events (livelock): ${JSON.stringify(this.#counts)}`);
      this.#now += 1;
      this.#event();
    }
    const failed = this.#workers.find((worker) => worker.failure !== undefined);
    if (failed) throw new Error(`worker ${failed.worker}: ${failed.failure}`);
    return { fingerprint: this.#trainer.fingerprint(), events, counts: this.#counts };
  }

  #event(): void {
    const { kill, join, pause, cut, restart } = this.#faults;
    const any = pick(this.#draw, this.#workers);
    const awake = pick(
      this.#draw,
      this.#workers.filter((worker) => !worker.paused),
    );
    let x = this.#draw();
    if ((x -= kill) < 0) return any && this.#kill(any);
    if ((x -= join) < 0) return this.#workers.length < MAX_WORKERS ? this.#spawn() : undefined;
    if ((x -= pause) < 0) return any && this.#pause(any);
    if ((x -= cut) < 0) return awake && this.#cut(awake);
    if ((x -= restart) < 0) return this.#restart();
    if ((x -= 0.01) < 0) return this.#resume();
    if ((x -= 0.05) < 0) return this.#apply({ type: 'tick', at: this.#now });
    if ((x -= 0.1) < 0) return awake?.connected ? this.#heartbeat(awake) : awake && this.#connect(awake);
    if ((x -= 0.12) < 0) return awake?.follow(this.#published.history);
    if ((x -= 0.15) < 0) return awake?.finishJob();
    return this.#deliver();
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  // ---- processes

  #spawn(): void {
    this.#born += 1;
    // Names come back with another incarnation, as those of restarted processes do.
    const worker = `w${this.#born % MAX_WORKERS}`;
    if (this.#workers.some((other) => other.worker === worker)) return;
    this.#count('joins');
    const world = {
      contribute: this.#contribute.bind(this),
      failed: this.#failed.bind(this),
      diverged: (): void => this.#count('divergences'),
      fetch: this.#fetch.bind(this),
    };
    this.#workers.push(new SimulatedWorker({ worker, incarnation: `${worker}#${this.#born}`, world, sabotage: this.#sabotage }));
  }

  #kill(worker: SimulatedWorker): void {
    this.#count('kills');
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    // Half of the deaths are seen at once, the others only when the lease runs out.
    if (worker.connected && this.#draw() < 0.5) this.#leave(worker, 'killed');
  }

  #pause(worker: SimulatedWorker): void {
    this.#count('pauses');
    worker.paused = true;
  }

  #resume(): void {
    const sleeper = pick(
      this.#draw,
      this.#workers.filter((worker) => worker.paused),
    );
    if (sleeper) sleeper.paused = false;
  }

  #cut(worker: SimulatedWorker): void {
    if (!worker.connected) return;
    this.#count('cuts');
    worker.connected = false;
    worker.tell({ type: 'disconnected' });
    if (this.#draw() < 0.7) this.#leave(worker, 'stream reset');
  }

  #leave({ worker, incarnation }: SimulatedWorker, reason: string): void {
    this.#apply({ type: 'left', at: this.#now, worker, incarnation, reason });
  }

  /** The coordinator dies and comes back from its log: members, assignments and accepted slots are gone. */
  #restart(): void {
    this.#count('restarts');
    this.#coordinator = new CoordinatorMachine({ leaseMs: LEASE_MS });
    for (const worker of this.#workers.filter((one) => one.connected)) {
      worker.connected = false;
      worker.tell({ type: 'disconnected' });
    }
    this.#beginRound();
  }

  #connect({ worker, incarnation }: SimulatedWorker): void {
    this.#apply({ type: 'joined', at: this.#now, worker, incarnation, fingerprint: { node: '20' } });
  }

  #heartbeat(worker: SimulatedWorker): void {
    if (worker.beating) return;
    worker.beating = true;
    const { worker: name, incarnation } = worker;
    const { generation, open } = worker.machine.status;
    const beat = (): void => this.#apply({ type: 'heartbeat', at: this.#now, worker: name, incarnation, generation, open });
    const done = (): void => void (worker.beating = false);
    this.#post.push({ deliver: () => (done(), beat()), lose: done, repeatable: true });
  }

  // ---- the network

  #deliver(): void {
    if (this.#post.length === 0) return;
    const [message] = this.#post.splice(Math.floor(this.#draw() * this.#post.length), 1);
    const { loss, duplicate } = this.#faults;
    const x = this.#draw();
    if (x < loss) {
      this.#count('losses');
      message.lose();
      return;
    }
    if (x < loss + duplicate && message.repeatable) {
      this.#count('duplicates');
      this.#post.push({ ...message, lose: () => undefined });
    }
    message.deliver();
  }

  /** Messages reach the process, not its name; one that is gone or paused hears later or never. */
  #tellLater(worker: string, incarnation: string, event: WorkerEvent, lose: () => void): void {
    const deliver = (): void => {
      const target = this.#find(worker, incarnation);
      if (target?.paused) this.#tellLater(worker, incarnation, event, lose);
      else target?.tell(event);
    };
    this.#post.push({ deliver, lose, repeatable: event.type === 'assign' });
  }

  #find(worker: string, incarnation: string): SimulatedWorker | undefined {
    return this.#workers.find((one) => one.worker === worker && one.incarnation === incarnation);
  }

  #contribute({ worker, incarnation }: SimulatedWorker, round: RoundPlan, contribution: Contribution): void {
    const { block, count } = contribution;
    const fail: WorkerEvent = { type: 'contribution-failed', round, block };
    const lose = (): void => this.#tellLater(worker, incarnation, fail, lose);
    const scalars = contribution.scalars.slice();
    const sums = contribution.sums.slice();
    const deliver = (): void => {
      const received: Contribution = { block, count, scalars: scalars.slice(), sums: sums.slice() };
      const claimed = this.#sabotage.tamper?.({ round, contribution: received, worker }, this.#coordinator.round) ?? round;
      const kept = { ...received, scalars: scalars.slice(), sums: received.sums.slice() };
      this.#apply({ type: 'contribution', at: this.#now, worker, incarnation, round: claimed, contribution: received }, kept);
    };
    this.#post.push({ deliver, lose, repeatable: true });
  }

  #failed({ worker, incarnation }: SimulatedWorker, round: RoundPlan, reason: string): void {
    this.#count('failures');
    const deliver = (): void => this.#apply({ type: 'program-failed', at: this.#now, worker, incarnation, round, reason });
    this.#post.push({ deliver, lose: () => undefined, repeatable: true });
  }

  #fetch({ worker, incarnation }: SimulatedWorker, digest: string, answer: (vector: Float32Array | 'gone' | 'lost') => void): void {
    const answerLater = (found: Float32Array | 'gone' | 'lost'): void => {
      const deliver = (): void => {
        const target = this.#find(worker, incarnation);
        if (target?.paused) answerLater(found);
        else if (target) answer(found);
      };
      this.#post.push({ deliver, lose: () => answerLater('lost'), repeatable: false });
    };
    const serve = (): void => {
      const vector = this.#published.find(digest);
      this.#count(vector ? 'fetches' : 'gone');
      answerLater(vector?.slice() ?? 'gone');
    };
    this.#post.push({ deliver: serve, lose: () => answerLater('lost'), repeatable: false });
  }

  // ---- the coordinator's process

  #apply(event: CoordinatorEvent, sent?: Contribution): void {
    for (const action of this.#coordinator.handle(event)) this.#act(action, sent);
  }

  #act(action: CoordinatorAction, sent: Contribution | undefined): void {
    switch (action.type) {
      case 'admit': {
        const target = this.#find(action.worker, action.incarnation);
        if (!target) return;
        target.connected = true;
        target.tell({ type: 'welcome', run: 'toy', generation: action.generation });
        return;
      }
      case 'assign':
        this.#assign(action);
        return;
      case 'acknowledge': {
        const { worker, incarnation, round, block, result } = action;
        this.#count(result);
        if (sent && result === 'accepted') this.#accepted.push(sent);
        const lose = (): void => this.#tellLater(worker, incarnation, { type: 'contribution-failed', round, block }, lose);
        this.#tellLater(worker, incarnation, { type: 'acknowledged', round, block, result }, lose);
        return;
      }
      case 'evict': {
        this.#count('evictions');
        const target = this.#find(action.worker, action.incarnation);
        if (!target?.connected) return;
        target.connected = false;
        target.tell({ type: 'disconnected' });
        return;
      }
      case 'round-complete':
        this.#complete(action);
        return;
      case 'abandon-round':
        this.#count('abandoned');
        this.#proceed(this.#trainer.reject({ ...action.round, reason: action.reason, worker: action.worker }));
        return;
      case 'round-failed':
      case 'refuse':
        throw new Error(`unexpected ${action.type}`);
    }
  }

  #assign({ worker, incarnation, assignment }: Extract<CoordinatorAction, { type: 'assign' }>): void {
    if (this.#sabotage.blindWorkers) {
      const target = this.#find(worker, incarnation);
      if (target?.held) target.tell({ type: 'state', ...this.#published.history[assignment.round.version].position });
    }
    this.#tellLater(worker, incarnation, { type: 'assign', assignment }, () => undefined);
  }

  #complete({ round, total, coverage }: Extract<CoordinatorAction, { type: 'round-complete' }>): void {
    const slots = coverage.flatMap(({ block }) => slotsOf(block));
    const all = Array.from({ length: SLOTS }, (_, slot) => slot);
    if (slots.join() !== all.join()) throw new Error(`step ${round.step}: expected each slot once, got ${slots.join()}`);
    const examples = all.reduce((sum, slot) => sum + examplesOf(round.step, slot), 0);
    if (total.count !== examples) throw new Error(`step ${round.step}: expected ${examples} examples, got ${total.count}`);
    this.#proceed(this.#trainer.absorb(this.#sabotage.total?.(this.#accepted, total) ?? total));
  }

  #proceed({ update, rejected }: Absorbed): void {
    if (rejected) this.#count('rejections');
    if (update && 'combination' in update) this.#count('combinations');
    if (update) this.#published.publish(update);
    this.#beginRound();
  }

  #beginRound(): void {
    const plan = this.#trainer.plan();
    this.#accepted = [];
    if (plan) this.#apply({ type: 'begin-round', at: this.#now, plan: this.#published.begin(plan) });
  }
}
