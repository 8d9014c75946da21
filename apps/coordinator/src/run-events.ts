/**
 * What happens in a run, numbered without gaps from 1, for any number of watchers from any number on, and in events.ndjson. After a restart
 * the numbers go on where the file ends; so nobody is given an event before it is in the file, unless that cannot be written.
 *
 * All events of a run stay in memory (about 300 bytes a step); the file is written behind and complete when close() resolves.
 */
import type { RunEvent } from '@geodesic/wire';
import { eventIdentity } from './event-identity.ts';
import { LineFile, parseLine, readLines } from './line-file.ts';

/** The types that a run emits, with their data; see the README. */
export type RunEventType =
  | 'run.accepted'
  | 'run.started'
  | 'run.resumed'
  | 'run.recovered'
  | 'run.paused'
  | 'run.continued'
  | 'run.scaled'
  | 'run.finished'
  | 'step.committed'
  | 'step.rejected'
  | 'curvature.refreshed'
  | 'evaluation'
  | 'evaluation.failed'
  | 'worker.joined'
  | 'worker.lost'
  | 'worker.progress'
  | 'worker.draining'
  | 'worker.deferred'
  | 'worker.quarantined'
  | 'worker.straggling'
  | 'contribution.disputed'
  | 'checkpoint.written'
  | 'checkpoint.removed'
  | 'checkpoint.damaged'
  | 'storage.failed'
  | 'storage.mended'
  | 'journal.off';

/** The events of one run. */
export class RunEvents {
  readonly #events: RunEvent[];
  readonly #told: Set<string>;
  readonly #file: LineFile;
  #wake: (() => void)[] = [];
  #closed = false;
  #isOver = false;
  #watchers = 0;
  #deliver: () => void = () => undefined;
  /** Resolves when somebody has been given run.finished and nobody is still watching. */
  readonly delivered: Promise<void>;

  private constructor(path: string, events: RunEvent[], onError: (error: Error) => void) {
    this.delivered = new Promise((resolve) => (this.#deliver = resolve));
    this.#events = events;
    this.#told = new Set(events.flatMap(({ type, data }) => eventIdentity(type, data) ?? []));
    this.#file = new LineFile({ path, lines: events, onError, onProgress: () => this.#wakeAll() });
  }

  /**
   * Goes on after what the file holds; a torn end is dropped.
   * @param path of events.ndjson
   * @param onError told when that file cannot be written: events are for people, so the run goes on
   */
  static async open(path: string, onError: (error: Error) => void): Promise<RunEvents> {
    let last = 0;
    const events = await readLines(path, (line) => {
      const event = parseLine(line) as RunEvent | undefined;
      if (event?.sequence !== last + 1) return undefined;
      last += 1;
      return event;
    });
    return new RunEvents(path, events, onError);
  }

  /** The last event of a type. */
  last(type: RunEventType): RunEvent | undefined {
    return this.#events.findLast((event) => event.type === type);
  }

  /** Adds an event; nothing is added once the events are closed, or when the same thing has been told before. */
  emit(type: RunEventType, data: Readonly<Record<string, unknown>>): void {
    if (this.#closed) return;
    const identity = eventIdentity(type, data);
    if (identity !== undefined && this.#told.has(identity)) return;
    if (identity !== undefined) this.#told.add(identity);
    const event: RunEvent = { sequence: this.#events.length + 1, type, at: new Date().toISOString(), data };
    this.#events.push(event);
    this.#file.added();
  }

  /** Ends every watch after the last event; resolves when the file is written. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#file.close();
    this.#isOver = true;
    this.#wakeAll();
  }

  /** The events from a sequence number on, as they happen; ends when the events are closed or the watcher leaves. */
  async *watch(fromSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
    this.#watchers++;
    const leave = (): void => this.#wakeAll();
    signal.addEventListener('abort', leave);
    let seenToTheEnd = false;
    try {
      for (let next = Math.max(1, fromSequence); !signal.aborted;) {
        const event = next <= this.#file.settled || this.#isOver ? this.#events[next - 1] : undefined;
        if (event !== undefined) {
          seenToTheEnd = event.type === 'run.finished';
          yield event;
          next++;
        } else if (this.#isOver) return;
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
