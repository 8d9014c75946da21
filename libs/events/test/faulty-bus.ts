/** A bus that fails as it is told, for the publisher's tests. It knows no ids: whoever publishes twice has the event stored twice. */
import { EventsError, MemoryBus } from '../src/index.ts';
import type { EventBus, EventsErrorCode, FollowOptions, GeodesicEvent, StoredEvent } from '../src/index.ts';

/**
 * What happens at one operation: it works; it is refused and nothing is stored; it is done and the answer is lost; the server loses the end of
 * what it had, and the operation; the process that asked dies (`onDeath` is called) before it is done, or after.
 */
export type Fate = 'ok' | 'refused' | 'answer-lost' | 'end-lost' | 'died-before' | 'died-after';

/** An error as a server gives it. */
export function serverError(code: EventsErrorCode): EventsError {
  return new EventsError(code, { what: 'bus', expected: 'an answer', got: code, hint: '' });
}

/** The bus. */
export class FaultyBus implements EventBus {
  stored: GeodesicEvent[] = [];
  /** What happens at the next operations; behind them everything works. */
  fates: Fate[] = [];
  /** What every publication throws while it is set. */
  refusal: EventsErrorCode | undefined;
  /** Most bytes of an event. */
  limit = Infinity;
  /** Ids of events that were to be published, in order, stored or not. */
  readonly asked: string[] = [];
  /** Publications that are never answered, while it is set. */
  isSilent = false;
  onDeath: () => void = () => undefined;

  async publish(event: GeodesicEvent): Promise<void> {
    this.asked.push(event.id);
    if (this.isSilent) await new Promise<never>(() => undefined);
    if (this.refusal) throw serverError(this.refusal);
    if (Buffer.byteLength(JSON.stringify(event)) > this.limit) throw serverError('TOO_LARGE');
    await this.#meet(() => this.stored.push(event));
  }

  async lastOf(run: string): Promise<GeodesicEvent | undefined> {
    await this.#meet(() => undefined);
    return this.stored.findLast((event) => event.subject === run && event.runsequence !== undefined);
  }

  async runs(): Promise<readonly string[]> {
    await this.#meet(() => undefined);
    return [...new Set(this.stored.map((event) => event.subject))];
  }

  async *follow(options: FollowOptions): AsyncGenerator<StoredEvent> {
    const bus = new MemoryBus();
    for (const event of this.stored) await bus.publish(event);
    yield* bus.follow(options);
  }

  async #meet(action: () => void): Promise<void> {
    const fate = this.fates.shift() ?? 'ok';
    if (fate === 'end-lost') this.stored = this.stored.slice(0, -2);
    if (fate === 'ok' || fate === 'answer-lost' || fate === 'died-after') action();
    if (fate === 'died-before' || fate === 'died-after') this.onDeath();
    await Promise.resolve();
    if (fate !== 'ok') throw serverError('UNREACHABLE');
  }
}
