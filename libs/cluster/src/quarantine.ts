/**
 * Workers whose contributions failed checks stay away for a while, twice as long each time. By name: a new process of the same name runs
 * on the same host, whose memory or software is what one doubts.
 */
import { ProtocolError } from './errors.ts';

/** A cooldown grows to this many times the first one. */
const MOST = 10;
/** First cooldowns of good conduct after which everything is forgotten. */
const FORGET = 20;

interface Sentence {
  strikes: number;
  until: number;
}

/** Who is quarantined. */
export class Quarantine {
  readonly #firstMs: number;
  readonly #sentences = new Map<string, Sentence>();

  /** @param firstMs the first cooldown, ms; default 10 000. @throws {ProtocolError} when it is not positive */
  constructor(firstMs = 10_000) {
    if (!(firstMs > 0)) throw new ProtocolError('Quarantine: quarantineMs', 'a positive number of ms', `${firstMs}`);
    this.#firstMs = firstMs;
  }

  /** How long a worker still has to stay away, ms; 0 when it may come. */
  remainingMs(worker: string, at: number): number {
    return Math.max(0, (this.#sentences.get(worker)?.until ?? at) - at);
  }

  /** Sends a worker away; returns for how long, ms. */
  strike(worker: string, at: number): number {
    for (const [name, { until }] of this.#sentences) if (at - until > FORGET * this.#firstMs) this.#sentences.delete(name);
    const strikes = (this.#sentences.get(worker)?.strikes ?? 0) + 1;
    const cooldownMs = this.#firstMs * Math.min(MOST, 2 ** (strikes - 1));
    this.#sentences.set(worker, { strikes, until: at + cooldownMs });
    return cooldownMs;
  }
}
