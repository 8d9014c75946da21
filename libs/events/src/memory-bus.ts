/**
 * The bus in one process: what is not kept is gone with the process. It remembers the newest events only; whoever follows more slowly than
 * they come misses the oldest, as with a server.
 */
import type { EventBus, FollowOptions, StoredEvent } from './event-bus.ts';
import type { GeodesicEvent } from './event.ts';
import { EventsError } from './errors.ts';

/**
 * An {@link EventBus} without a server.
 * *Limitations*: an id is known for as long as its event is kept.
 */
export class MemoryBus implements EventBus {
  readonly #maxEvents: number;
  #kept: StoredEvent[] = [];
  /** How many at the beginning of `#kept` are dropped already. */
  #dropped = 0;
  readonly #ids = new Set<string>();
  #position = 0;
  readonly #waiting = new Set<() => void>();

  /** @param options.maxEvents events that are kept, default 10,000; the oldest are dropped */
  constructor({ maxEvents = 10_000 }: { readonly maxEvents?: number } = {}) {
    this.#maxEvents = maxEvents;
  }

  publish(event: GeodesicEvent): Promise<void> {
    if (this.#ids.has(event.id)) return Promise.resolve();
    this.#ids.add(event.id);
    this.#kept.push({ event, position: ++this.#position });
    if (this.#kept.length - this.#dropped > this.#maxEvents) this.#dropOldest();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    return Promise.resolve();
  }

  lastOf(run: string): Promise<GeodesicEvent | undefined> {
    for (let at = this.#kept.length - 1; at >= this.#dropped; at--) {
      const { event } = this.#kept[at];
      if (event.subject === run && event.runsequence !== undefined) return Promise.resolve(event);
    }
    return Promise.resolve(undefined);
  }

  runs(): Promise<readonly string[]> {
    return Promise.resolve([...new Set(this.#kept.slice(this.#dropped).map(({ event }) => event.subject))]);
  }

  async *follow({ run, type, after = 0, signal, untilNow = false }: FollowOptions): AsyncGenerator<StoredEvent, void, undefined> {
    if (type !== undefined && run === undefined) throw typeWithoutRun(type);
    const end = untilNow ? this.#position : Infinity;
    for (let next = after + 1; next <= end && !signal.aborted;) {
      if (next > this.#position) {
        await this.#more(signal);
        continue;
      }
      const stored = this.#at(next);
      next = stored.position + 1;
      if (stored.position > end) return;
      const { subject, type: full } = stored.event;
      if ((run === undefined || subject === run) && (type === undefined || full === `geodesic.${type}`)) yield stored;
    }
  }

  /** The event at a place that was reached, or the oldest that is kept. */
  #at(position: number): StoredEvent {
    const first = this.#kept[this.#dropped].position;
    return this.#kept[this.#dropped + Math.max(0, position - first)];
  }

  #dropOldest(): void {
    this.#ids.delete(this.#kept[this.#dropped].event.id);
    if (++this.#dropped < this.#maxEvents) return;
    this.#kept = this.#kept.slice(this.#dropped); // now and then, so that dropping one costs little
    this.#dropped = 0;
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function typeWithoutRun(type: string): EventsError {
  return new EventsError('OPTIONS', {
    what: 'follow',
    expected: 'a run with a type',
    got: `the type ${type} alone`,
    hint: 'name the run, or leave the type out and choose from what comes',
  });
}
