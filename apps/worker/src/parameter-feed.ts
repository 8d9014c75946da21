/**
 * The stream of parameters through all that happens to it: a broken one is followed again, from what is held where that will do, and one on
 * which nothing comes while work waits for it counts as broken. A stream that contradicts itself is followed by one that starts afresh.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '@geodesic/cluster';
import type { Logger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import type { ExchangeClient } from '@geodesic/wire';
import { retryDelay } from './backoff.ts';
import type { HeldParameters } from './held-parameters.ts';
import { followParameters } from './parameter-follower.ts';
import type { VectorStock } from './vector-stock.ts';

/** Options of {@link ParameterFeed}. */
export interface FeedOptions {
  readonly exchange: Pick<ExchangeClient, 'follow' | 'traffic'>;
  readonly held: HeldParameters;
  readonly vectors: Pick<VectorStock, 'provide'>;
  readonly run: string;
  readonly incarnation: string;
  readonly logger: Logger;
  /** How long nothing may come while parameters are waited for, ms. */
  readonly stallMs: number;
  /** The thread now holds this. */
  readonly onPosition: (position: Position) => void;
}

/** One worker's stream of parameters; at most one at a time. */
export class ParameterFeed {
  readonly #options: FeedOptions;
  #following = new AbortController();
  #needsSnapshot = false;
  #held = -1;
  #awaited = -1;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#following.abort();
  }

  /** Follows from what is held on, until `stop`; what was followed before ends. */
  start(): void {
    this.#following.abort();
    this.#following = new AbortController();
    void this.#follow(this.#following.signal);
  }

  /** What is held will not do: follows from a fresh snapshot on. */
  refresh(): void {
    this.#needsSnapshot = true;
    this.start();
  }

  /** Work waits for the parameters of this version, unless they are held. */
  expect(version: number): void {
    this.#awaited = version;
    if (version > this.#held) this.#watch ??= this.#startWatch();
  }

  /** Ends the stream. */
  stop(): void {
    this.#following.abort();
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { exchange, held, vectors, run, incarnation, logger } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const from = this.#needsSnapshot ? undefined : await held.settled();
      if (signal.aborted) return;
      if (from) this.#report(from);
      const onPosition = (position: Position): void => {
        attempt = 0;
        this.#needsSnapshot = false;
        this.#report(position);
      };
      try {
        await followParameters({ exchange, held, vectors, run, incarnation, signal, ...(from && { from }), onPosition });
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('parameter stream broken', { error });
        if (error instanceof WireError && error.code === 'CORRUPT') this.#needsSnapshot = true;
      }
      await delay(retryDelay(Math.max(1, attempt)), undefined, { signal }).catch(() => undefined);
    }
  }

  #report(position: Position): void {
    this.#held = position.version;
    this.#options.onPosition(position);
  }

  #startWatch(): NodeJS.Timeout {
    const { exchange, held, logger, stallMs } = this.#options;
    let seen = exchange.traffic.bytesDown;
    return setInterval(() => {
      if (this.#held >= this.#awaited) {
        clearInterval(this.#watch);
        this.#watch = undefined;
        return;
      }
      const { bytesDown } = exchange.traffic;
      if (bytesDown === seen && !held.isBusy) {
        logger.warn('no parameters have come: following again', { held: this.#held, awaited: this.#awaited, waitedMs: stallMs });
        this.start();
      }
      seen = bytesDown;
    }, stallMs).unref();
  }
}
