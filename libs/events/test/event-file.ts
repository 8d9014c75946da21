/** A run's events as its file gives them, for the publisher's tests. */
import type { NumberedEvent } from '../src/index.ts';

/** Grows, is watched, ends. */
export class EventFile {
  #events: NumberedEvent[];
  #isClosed = false;
  #waiting: (() => void)[] = [];
  /** Watches that were begun, by the number from which on. */
  readonly watched: number[] = [];

  constructor(events: readonly NumberedEvent[] = []) {
    this.#events = [...events];
  }

  /** The number of the last event. */
  get end(): number {
    return this.#events.at(-1)?.sequence ?? 0;
  }

  append(...events: readonly NumberedEvent[]): void {
    this.#events.push(...events);
    this.#wake();
  }

  close(): this {
    this.#isClosed = true;
    this.#wake();
    return this;
  }

  async *watch(fromSequence: number, signal: AbortSignal): AsyncGenerator<NumberedEvent, void, undefined> {
    this.watched.push(fromSequence);
    const leave = (): void => this.#wake();
    signal.addEventListener('abort', leave);
    for (let next = fromSequence; !signal.aborted;) {
      const event = this.#events[next - 1];
      if (event) {
        next++;
        yield event;
      } else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
