/**
 * A proxy before each worker, through which it reaches the coordinator, so that the lines of exactly one can be broken.
 */
import { ChaosProxy } from '@geodesic/chaos';

/** The lines of a cluster's workers. */
export class WorkerLines {
  readonly #seed: number;
  readonly #proxies = new Map<string, ChaosProxy>();

  /** @param seed of what the proxies draw */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Where a worker connects to, to reach the coordinator; the same for whoever has its name later. */
  async addressFor(worker: string, coordinator: string): Promise<string> {
    const known = this.#proxies.get(worker);
    if (known) return known.address;
    const at = coordinator.lastIndexOf(':');
    const target = { host: coordinator.slice(0, at), port: Number(coordinator.slice(at + 1)) };
    const proxy = await ChaosProxy.listen({ target, seed: this.#seed + this.#proxies.size });
    this.#proxies.set(worker, proxy);
    return proxy.address;
  }

  /** The line of a worker. */
  of(worker: string): ChaosProxy | undefined {
    return this.#proxies.get(worker);
  }

  /** Mends what is broken. */
  mend(): void {
    for (const proxy of this.#proxies.values()) {
      proxy.heal();
      proxy.set({});
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
  }
}
