/**
 * The vectors that the compute thread holds, as the main thread knows them: what a round or an update names is fetched where it is lacking,
 * once however many ask, verified, and handed to the thread before whatever names it. The thread gives up what has not been used for long.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { VectorCache } from '@geodesic/cluster';
import { floatsOf, WireError } from '@geodesic/wire';
import type { ExchangeClient } from '@geodesic/wire';
import { retryDelay } from './backoff.ts';
import type { ComputeClient } from './compute-client.ts';

/** Times that a broken transfer is repeated. */
const MOST_RETRIES = 4;

/** Options of {@link VectorStock}. */
export interface VectorStockOptions {
  readonly exchange: Pick<ExchangeClient, 'fetch'>;
  readonly thread: Pick<ComputeClient, 'hold' | 'release'>;
  /** Ends waiting. */
  readonly signal: AbortSignal;
  /** See {@link VectorCache}. */
  readonly spareElements?: number;
  /** Milliseconds before a repetition, 1 for the first; default with jitter. */
  readonly retryDelay?: (retry: number) => number;
}

/** Who needs vectors: what one of them asked for last is never given up. */
export type VectorHolder = 'round' | 'update';

/** The vectors of one compute thread. */
export class VectorStock {
  readonly #options: VectorStockOptions;
  readonly #held: VectorCache<true>;
  readonly #fetching: Map<string, Promise<void>> = new Map();

  constructor(options: VectorStockOptions) {
    this.#options = options;
    this.#held = new VectorCache(options);
  }

  /**
   * Has the thread hold these, by address with their lengths, until the same holder asks for others.
   * @throws {WireError} NOT_FOUND when one is gone: the round is over, or the update too old to follow
   */
  async provide(holder: VectorHolder, wanted: ReadonlyMap<string, number>): Promise<void> {
    this.#held.pin(holder, wanted.keys());
    await Promise.all([...wanted].map(([digest, length]) => this.#obtain(digest, length)));
    for (const digest of this.#held.trim()) this.#options.thread.release(digest);
  }

  #obtain(digest: string, length: number): Promise<void> {
    if (this.#held.has(digest)) return Promise.resolve();
    const fetching = this.#fetching.get(digest) ?? this.#fetch(digest, length).finally(() => this.#fetching.delete(digest));
    this.#fetching.set(digest, fetching);
    return fetching;
  }

  async #fetch(digest: string, length: number): Promise<void> {
    const { exchange, thread, signal, retryDelay: pause = retryDelay } = this.#options;
    for (let retry = 1; ; retry++) {
      try {
        const bytes = await exchange.fetch(digest);
        if (bytes.length !== length * 4) throw new WireError('CORRUPT', `fetch: expected ${length * 4} bytes, got ${bytes.length}`);
        thread.hold(digest, floatsOf(bytes, 0, length));
        this.#held.add(digest, { value: true, length });
        return;
      } catch (error) {
        const isGone = error instanceof WireError && error.code === 'NOT_FOUND';
        if (isGone || retry > MOST_RETRIES || signal.aborted) throw error;
        await delay(pause(retry), undefined, { signal });
      }
    }
  }
}
