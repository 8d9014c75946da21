/** The events of one run as they arrive, across restarts of its coordinator, with the time of their arrival. */
import { connectRuns } from '@geodesic/wire';
import type { RunEvent } from '@geodesic/wire';

/** An event, and when it arrived on the clock of `performance.now()`. */
export interface SeenEvent extends RunEvent {
  readonly seenMs: number;
}

/** Whether an event is the one that is waited for. */
export type EventTest = (event: SeenEvent) => boolean;

/** What a feed needs. */
export interface FeedOptions {
  readonly runId: string;
  /** Where the present coordinator listens; waits for the next one where none does. */
  readonly address: () => Promise<string>;
}

/** Watches a run until it is finished. */
export class EventFeed {
  /** All events so far. */
  readonly events: SeenEvent[] = [];
  readonly #options: FeedOptions;
  readonly #closed = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #watching: Promise<void>;
  /** The next coordinator did not start. */
  #failure: Error | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#watching = this.#watch().catch((error: unknown) => {
      this.#failure = error as Error;
      this.#wake();
    });
  }

  /** Index that the next event will have: what is waited for from here on is new. */
  get now(): number {
    return this.events.length;
  }

  /** The first event from index `from` (default 0) on that passes. @throws {Error} when the run is over without it */
  until(passes: EventTest, from = 0): Promise<SeenEvent> {
    return new Promise((found, failed) => {
      let next = from;
      const look = (): void => {
        while (next < this.events.length) {
          const event = this.events[next];
          next += 1;
          if (!passes(event)) continue;
          this.#waiting.delete(look);
          found(event);
          return;
        }
        if (!this.#isOver) return;
        this.#waiting.delete(look);
        if (this.#failure !== undefined) failed(this.#failure);
        else failed(new Error(`expected another event before the end of the run, got ${JSON.stringify(this.events.at(-1))}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The events of one type so far. */
  of(type: string): readonly SeenEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** Watches no more. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#watching;
  }

  get #isOver(): boolean {
    return this.#closed.signal.aborted || this.#failure !== undefined || this.events.at(-1)?.type === 'run.finished';
  }

  async #watch(): Promise<void> {
    const { runId, address } = this.#options;
    const { signal } = this.#closed;
    while (!this.#isOver) {
      const client = connectRuns(await address());
      try {
        for await (const event of client.watch(runId, { fromSequence: this.events.length + 1, signal })) {
          this.events.push({ ...event, seenMs: performance.now() });
          this.#wake();
        }
      } catch {
        await new Promise((later) => setTimeout(later, 20)); // the coordinator is gone: the address says when the next one is there
      } finally {
        client.close();
      }
    }
    this.#wake();
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}
