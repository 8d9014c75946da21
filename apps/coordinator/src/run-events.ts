/**
 * What happens in a run, numbered without gaps from 1, for any number of watchers from any number on, and in events.ndjson.
 *
 * All events of a run stay in memory (about 300 bytes a step); the file is written behind and complete when close() resolves.
 */
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { RunEvent } from '@geodesic/wire';

/** The types that a run emits, with their data; see the README. */
export type RunEventType =
  | 'run.accepted'
  | 'run.started'
  | 'step.committed'
  | 'step.rejected'
  | 'curvature.refreshed'
  | 'evaluation'
  | 'evaluation.failed'
  | 'worker.joined'
  | 'worker.lost'
  | 'worker.progress'
  | 'checkpoint.written'
  | 'run.finished';

/** The events of one run. */
export class RunEvents {
  readonly #events: RunEvent[] = [];
  readonly #file: WriteStream;
  #wake: (() => void)[] = [];
  #closed = false;
  #watchers = 0;
  #deliver: () => void = () => undefined;
  /** Resolves when somebody has been given run.finished and nobody is still watching. */
  readonly delivered: Promise<void>;

  /**
   * @param path of events.ndjson
   * @param onError told when that file cannot be written: events are for people, so the run goes on
   */
  constructor(path: string, onError: (error: Error) => void) {
    this.delivered = new Promise((resolve) => (this.#deliver = resolve));
    this.#file = createWriteStream(path, { flags: 'a' });
    this.#file.on('error', onError);
  }

  /** Adds an event; nothing is added once the events are closed. */
  emit(type: RunEventType, data: Readonly<Record<string, unknown>>): void {
    if (this.#closed) return;
    const event: RunEvent = { sequence: this.#events.length + 1, type, at: new Date().toISOString(), data };
    this.#events.push(event);
    this.#file.write(`${JSON.stringify(event)}\n`);
    this.#wakeAll();
  }

  /** Ends every watch after the last event; resolves when the file is written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
    this.#file.end();
    await finished(this.#file).catch(() => undefined);
  }

  /** The events from a sequence number on, as they happen; ends when the events are closed or the watcher leaves. */
  async *watch(fromSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
    this.#watchers++;
    const leave = (): void => this.#wakeAll();
    signal.addEventListener('abort', leave);
    let seenToTheEnd = false;
    try {
      for (let next = Math.max(1, fromSequence); !signal.aborted;) {
        const event = this.#events[next - 1];
        if (event !== undefined) {
          seenToTheEnd = event.type === 'run.finished';
          yield event;
          next++;
        } else if (this.#closed) return;
        else await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      signal.removeEventListener('abort', leave);
      this.#watchers--;
      if (seenToTheEnd && this.#watchers === 0) this.#deliver();
    }
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
