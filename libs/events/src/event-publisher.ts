/**
 * Takes the events of one run from its file to the bus, in order and one at a time, behind the run and never in its way. The file is the
 * spool: while the bus is away nothing is held in memory, and what was missed is published when it is back. Whatever dies, the bus ends
 * with every event once: after any trouble it is asked what it has (see {@link findPublishStart}).
 */
import { backOffMs, wait } from './back-off.ts';
import { EventsError } from './errors.ts';
import type { GeodesicEvent } from './event.ts';
import { projectEvent } from './projection.ts';
import { findPublishStart } from './publish-start.ts';
import type { PublishSource } from './publish-start.ts';

/** Time until what only a person can mend is tried again, ms. */
const MENDED_BY_PEOPLE_MS = 30_000;

/** Codes of what passes; a server that starts has no streams for a moment. */
const MENDS_ITSELF: ReadonlySet<string> = new Set(['UNREACHABLE', 'NO_JETSTREAM']);

/** How to publish a run's events. */
export interface EventPublisherOptions extends PublishSource {
  /** Told of a trouble when it begins or becomes another, and `undefined` when it is over; the run goes on in any case. */
  readonly onTrouble?: (error: Error | undefined) => void;
  /** Most bytes of an event in JSON; default: what the bus takes. A larger one is published with the data `{truncated: true, bytes}`. */
  readonly maxPayload?: number;
}

/** How publishing stands. */
export interface PublisherStatus {
  /** Publications that were stored, derived events counted. */
  readonly published: number;
  /** Publications that had to be tried again. */
  readonly retries: number;
  /** Events whose data were too large for a message. */
  readonly oversized: number;
  /** The number in the run's file up to which everything is stored; 0 for nothing, or nothing that is known yet. */
  readonly lastSequence: number;
  /** Events of the file that are not stored; 0 without the option `end`. */
  readonly behind: number;
  readonly isInTrouble: boolean;
  /** Whether the watch has ended and everything is stored. */
  readonly isDrained: boolean;
}

/**
 * The publisher of one run.
 * *Limitations*: without the option `end`, events of a file that was written anew and is shorter than what is stored wait until it is as long.
 */
export class EventPublisher {
  readonly #options: EventPublisherOptions;
  readonly #closing = new AbortController();
  /** Ends what is under way: a new one begins with asking the bus. */
  #session = new AbortController();
  #wake = new AbortController();
  #isDrained = false;
  #running: Promise<void> | undefined;
  #trouble: Error | undefined;
  /** Id of the event that could not be published: the trouble is not over because the bus answers questions. */
  #obstacle: string | undefined;
  #attempts = 0;
  #published = 0;
  #retries = 0;
  #oversized = 0;
  #lastSequence = 0;

  constructor(options: EventPublisherOptions) {
    this.#options = options;
  }

  /** Begins; it ends by itself behind the last event of a watch that ends. */
  start(): void {
    this.#running ??= this.#run();
  }

  get status(): PublisherStatus {
    const behind = Math.max(0, (this.#options.end?.() ?? 0) - this.#lastSequence);
    return {
      published: this.#published,
      retries: this.#retries,
      oversized: this.#oversized,
      lastSequence: this.#lastSequence,
      behind,
      isInTrouble: this.#trouble !== undefined,
      isDrained: this.#isDrained,
    };
  }

  /** Asks the bus at once what it has, and goes on from there: for a connection that was made anew, whose server may have lost its end. */
  resync(): void {
    this.#session.abort();
    this.#wake.abort();
  }

  /** Resolves with whether everything up to the end of the watch is stored: true as soon as it is, false after `graceMs` or a close. */
  async drained(graceMs: number): Promise<boolean> {
    const patience = new AbortController();
    await Promise.race([this.#running, wait(graceMs, patience.signal)]);
    patience.abort();
    return this.#isDrained;
  }

  /** Ends now; a publication that is under way is not waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.resync();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted && !this.#isDrained) {
      this.#session = new AbortController();
      try {
        await this.#publishOn(this.#session.signal);
      } catch (error) {
        if (!this.#session.signal.aborted) await this.#afterTrouble(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  async #publishOn(signal: AbortSignal): Promise<void> {
    const { from, stored } = await unlessAborted(findPublishStart(this.#options, signal), signal);
    this.#lastSequence = from - 1;
    if (this.#obstacle === undefined) this.#untroubled();
    try {
      for await (const event of this.#options.watch(from, signal)) {
        for (const projected of projectEvent(event, this.#options)) {
          if (!stored.has(projected.id)) await this.#publish(projected, signal);
          else if (projected.id === this.#obstacle) this.#untroubled();
        }
        this.#lastSequence = event.sequence;
      }
    } catch (error) {
      if (!signal.aborted) this.#obstacle ??= 'the file';
      throw error;
    }
    if (signal.aborted) return;
    this.#isDrained = true;
    this.#untroubled();
  }

  async #publish(event: GeodesicEvent, signal: AbortSignal): Promise<void> {
    try {
      await this.#store(event, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#retries++;
        this.#obstacle = event.id;
      }
      throw error;
    }
    this.#published++;
    this.#untroubled();
  }

  /** Has an event stored, without its data where they are too large. */
  async #store(event: GeodesicEvent, signal: AbortSignal): Promise<void> {
    const { bus, maxPayload = Infinity } = this.#options;
    if (maxPayload === Infinity || sizeOf(event) <= maxPayload) {
      try {
        return await unlessAborted(bus.publish(event), signal);
      } catch (error) {
        if (signal.aborted || codeOf(error) !== 'TOO_LARGE') throw error;
      }
    }
    await unlessAborted(bus.publish({ ...event, data: { truncated: true, bytes: sizeOf(event) } }), signal);
    this.#oversized++;
  }

  async #afterTrouble(error: Error): Promise<void> {
    this.#wake = new AbortController();
    const isNew = codeOf(this.#trouble) !== codeOf(error);
    this.#trouble = error;
    if (isNew) this.#options.onTrouble?.(error);
    if (this.#closing.signal.aborted) return;
    await wait(MENDS_ITSELF.has(codeOf(error)!) ? backOffMs(++this.#attempts) : MENDED_BY_PEOPLE_MS, this.#wake.signal);
  }

  #untroubled(): void {
    this.#attempts = 0;
    this.#obstacle = undefined;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.onTrouble?.(undefined);
  }
}

function codeOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof EventsError ? error.code : error instanceof Error ? error.message : 'unknown';
}

function sizeOf(event: GeodesicEvent): number {
  return Buffer.byteLength(JSON.stringify(event));
}

/** What the promise says, or a rejection as soon as the signal aborts. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
