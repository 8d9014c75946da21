/** Breaks things at moments of a Poisson process, of kinds drawn by their weights, until its budget is spent. */
import { below, exponential, pick } from '../seeded-draw.ts';
import type { Draw } from '../seeded-draw.ts';
import type { DrivenFault, FaultRates } from './fault-rates.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

/** What happens to a stopped process, ms on average. */
const STOPPED_MS = 120;
const SLOW_MS = 120;
const SLOWNESS = 30;

/** Drives the faults of one schedule. */
export class FaultDriver {
  readonly #cluster: SimulatedCluster;
  readonly #draw: Draw;
  readonly #rates: FaultRates;
  #left: number;

  constructor(cluster: SimulatedCluster, draw: Draw, rates: FaultRates) {
    this.#cluster = cluster;
    this.#draw = draw;
    this.#rates = rates;
    this.#left = rates.budget;
  }

  /** Begins. */
  start(): void {
    if (this.#left <= 0) return;
    this.#left -= 1;
    this.#cluster.queue.after(exponential(this.#draw, this.#rates.meanMs), () => {
      const kind = this.#kind();
      if (kind) this.#break(kind);
      this.start();
    });
  }

  #kind(): DrivenFault | undefined {
    const weights = Object.entries(this.#rates.weights) as [DrivenFault, number][];
    let rest = this.#draw() * weights.reduce((sum, [, weight]) => sum + weight, 0);
    return weights.find(([, weight]) => (rest -= weight) < 0)?.[0];
  }

  #break(kind: DrivenFault): void {
    const cluster = this.#cluster;
    const worker = pick(this.#draw, cluster.workers);
    const coordinator = pick(this.#draw, cluster.coordinators);
    switch (kind) {
      case 'join':
        cluster.join();
        break;
      case 'foreign worker':
        cluster.join('foreign');
        break;
      case 'kill everything':
        cluster.killEverything(1 + below(this.#draw, 4));
        break;
      case 'rival coordinator':
        cluster.note('rival');
        cluster.startCoordinator();
        break;
      case 'kill worker':
      case 'stop worker':
      case 'cut session':
      case 'slow worker':
      case 'corrupt worker':
      case 'drain worker':
        if (worker) this.#breakWorker(kind, worker);
        break;
      default:
        if (coordinator) this.#breakCoordinator(kind, coordinator);
    }
  }

  #breakWorker(kind: DrivenFault, worker: SimulatedCluster['workers'][number]): void {
    const cluster = this.#cluster;
    if (kind === 'kill worker') cluster.kill(worker);
    else if (kind === 'stop worker') cluster.pause(worker, exponential(this.#draw, STOPPED_MS));
    else if (kind === 'cut session') cluster.cutSession(worker);
    else if (kind === 'corrupt worker') worker.isCorrupt = true;
    else if (kind === 'drain worker') cluster.later(worker, 0, () => worker.drain());
    else {
      cluster.note('slow', worker.name);
      worker.slowness = SLOWNESS;
      cluster.queue.after(exponential(this.#draw, SLOW_MS), () => (worker.slowness = 1));
    }
  }

  #breakCoordinator(kind: DrivenFault, coordinator: SimulatedCluster['coordinators'][number]): void {
    const cluster = this.#cluster;
    if (kind === 'kill coordinator') cluster.kill(coordinator);
    else if (kind === 'stop coordinator') {
      cluster.pause(coordinator, exponential(this.#draw, STOPPED_MS));
      // Somebody asks something of it that it hears only when it wakes up, perhaps deposed.
      if (this.#draw() < 0.5) cluster.request(coordinator, { action: 'scale' });
    } else if (kind === 'stop run') {
      const type = this.#draw() < 0.5 ? 'stop' : 'interrupt';
      cluster.later(coordinator, 0, () => coordinator.stop(type));
    } else {
      const worker = pick(this.#draw, cluster.workers)?.worker;
      const action = pick(this.#draw, ['pause', 'resume', 'scale', 'drain'] as const)!;
      if (action !== 'drain') cluster.request(coordinator, { action });
      else if (worker !== undefined) cluster.request(coordinator, { action, worker });
    }
  }
}
