/**
 * What happens in a run, numbered without gaps from 1, for any number of watchers from any number on, and in events.ndjson. After a restart
 * the numbers go on where the file ends; so nobody is given an event before it is in the file, unless that cannot be written.
 *
 * The newest events are in memory, with all that are not in the file; whoever watches from further back is given them from the file. The file
 * is written behind and complete when close() resolves.
 */
import type { RunEventType } from '@geodesic/events';
import { WireError } from '@geodesic/wire';
import type { RunEvent } from '@geodesic/wire';
import { eventIdentity } from './event-identity.ts';
import { LineFile } from './line-file.ts';
import { parseLine } from './scan-lines.ts';
import { ToldOnce } from './told-once.ts';

/** Most events in memory that are in the file too; when there are more, the older half goes. */
const MOST_HELD = 1024;
/** Events that a watcher takes at a time. */
const BATCH = 256;

/** The events of one run. */
export class RunEvents {
  /** The newest events, without gaps. */
  #held: RunEvent[] = [];
  /** The number of the last event. */
  #count = 0;
  readonly #last = new Map<string, RunEvent>();
  readonly #told = new ToldOnce();
  #file!: LineFile;
  #wake: (() => void)[] = [];
  #closed = false;
  #isOver = false;
  #watchers = 0;
  #deliver: () => void = () => undefined;
  /** Resolves when somebody has been given run.finished and nobody is still watching. */
  readonly delivered: Promise<void>;

  private constructor() {
    this.delivered = new Promise((resolve) => (this.#deliver = resolve));
  }

  /**
   * Goes on after what the file holds; a torn end is dropped.
   * @param path of events.ndjson
   * @param onError told when that file cannot be written: events are for people, so the run goes on
   */
  static async open(path: string, onError: (error: Error) => void): Promise<RunEvents> {
    const events = new RunEvents();
    const accept = (line: string): boolean => {
      const event = parseLine(line) as RunEvent | undefined;
      if (event?.sequence !== events.#count + 1) return false;
      const identity = eventIdentity(event.type, event.data);
      if (identity !== undefined) events.#told.found(identity, event.data['step'] as number);
      events.#hold(event);
      if (events.#held.length > MOST_HELD) events.#held = events.#held.slice(-MOST_HELD / 2);
      return true;
    };
    const onProgress = (): void => {
      events.#letGo();
      events.#wakeAll();
    };
    events.#file = await LineFile.open({ path, accept, onError, onProgress });
    return events;
  }

  /** Events in memory, and what is remembered of those that must not be told twice. */
  get held(): { readonly events: number; readonly identities: number } {
    return { events: this.#held.length, identities: this.#told.size };
  }

  /** The last event of a type. */
  last(type: RunEventType): RunEvent | undefined {
    return this.#last.get(type);
  }

  /** Adds an event; nothing is added once the events are closed, or when the same thing has been told before. */
  emit(type: RunEventType, data: Readonly<Record<string, unknown>>): void {
    if (this.#closed) return;
    const step = data['step'] as number;
    const identity = eventIdentity(type, data);
    if (identity !== undefined && !this.#told.tell(identity, step)) return;
    if (type === 'run.recovered') this.#told.recovered(step);
    if (type === 'step.committed') this.#told.committed(step);
    const event: RunEvent = { sequence: this.#count + 1, type, at: new Date().toISOString(), data };
    this.#hold(event);
    this.#file.add(event);
  }

  /** Ends every watch after the last event; resolves when the file is written. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#file.close();
    this.#isOver = true;
    this.#wakeAll();
  }

  /** The number of the last event that watchers are given. */
  get length(): number {
    return this.#isOver ? this.#count : this.#file.settled;
  }

  /** Bytes of the file behind an event, about. */
  bytesAfter(sequence: number): number {
    return this.#file.bytesAfter(sequence);
  }

  /** The events from a sequence number on, as they happen, for a person: {@link delivered} waits for it. Ends as {@link follow} does. */
  async *watch(fromSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
    this.#watchers++;
    let seenToTheEnd = false;
    try {
      for await (const event of this.follow(fromSequence, signal)) {
        seenToTheEnd = event.type === 'run.finished';
        yield event;
      }
    } finally {
      this.#watchers--;
      if (seenToTheEnd && this.#watchers === 0) this.#deliver();
    }
  }

  /** The events from a sequence number on, as they happen; ends when the events are closed or the signal aborts. */
  async *follow(fromSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
    const leave = (): void => this.#wakeAll();
    signal.addEventListener('abort', leave);
    try {
      for (let next = Math.max(1, fromSequence); !signal.aborted;) {
        const settled = this.length;
        if (next > settled) {
          if (this.#isOver) return;
          await new Promise<void>((resolve) => this.#wake.push(resolve));
          continue;
        }
        for (const event of await this.#from(next, Math.min(BATCH, settled - next + 1))) {
          if (signal.aborted) return;
          yield event;
          next++;
        }
      }
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Events from a number on: from memory or, where they are older, from the file. */
  async #from(sequence: number, count: number): Promise<readonly RunEvent[]> {
    const first = this.#count - this.#held.length + 1;
    if (sequence >= first) return this.#held.slice(sequence - first, sequence - first + count);
    const wanted = Math.min(count, first - sequence);
    const lines = await this.#file.read(sequence - 1, wanted);
    const events = lines.map((line) => parseLine(line) as RunEvent | undefined);
    if (events.length === wanted && events.every((event, index) => event?.sequence === sequence + index)) return events as RunEvent[];
    throw new WireError(
      'NOT_FOUND',
      `watch: expected the events ${sequence} to ${sequence + wanted - 1} in events.ndjson, got others`,
      'the file was changed while its run was led: watch from a later event',
    );
  }

  #hold(event: RunEvent): void {
    this.#held.push(event);
    this.#last.set(event.type, event);
    this.#count = event.sequence;
  }

  /** Forgets the oldest events that are in the file. */
  #letGo(): void {
    if (this.#held.length <= MOST_HELD) return;
    const first = this.#count - this.#held.length + 1;
    const inFile = this.#file.written - first + 1;
    const surplus = Math.min(this.#held.length - MOST_HELD / 2, inFile);
    if (surplus > 0) this.#held = this.#held.slice(surplus);
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
