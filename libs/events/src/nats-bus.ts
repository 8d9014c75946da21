/** The bus with a server: events in a stream of JetStream, which stores an id once and gives events in the order in which it stored them. */
import { EventsError } from './errors.ts';
import type { EventBus, FollowOptions, StoredEvent } from './event-bus.ts';
import type { GeodesicEvent } from './event.ts';
import type { NatsClient } from './nats-client.ts';
import { apiCodeOf, isNoResponders, isStreamNotFound } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import { parseEvent } from './parse-event.ts';
import { bareType } from './projection.ts';
import { readStream } from './read-stream.ts';
import type { StreamMessage } from './stream-message.ts';
import { ensureStreams } from './streams.ts';
import { eventsStream, eventSubject, eventSubjects, runOfEventSubject } from './subjects.ts';

/** What a bus does besides. */
export interface NatsBusOptions {
  /** Called for every message in the stream that is no event of ours; it is skipped. */
  readonly onInvalid?: (error: EventsError, place: { readonly subject: string; readonly position: number }) => void;
}

/** An answer that does not come in this time is taken as none, ms. */
const ACK_MS = 5_000;
/** Headers besides the id; bytes. */
const HEADER_ROOM = 256;
const NO_MESSAGE = 10037;

/** The events of the client's cluster. Limitations: a message that is no event of ours is seen by nobody but `onInvalid`. */
export class NatsBus implements EventBus {
  readonly #client: NatsClient;
  readonly #onInvalid: NatsBusOptions['onInvalid'];
  readonly #stream: string;
  readonly #cluster: string;
  #invalid = 0;

  constructor(client: NatsClient, { onInvalid }: NatsBusOptions = {}) {
    this.#client = client;
    this.#onInvalid = onInvalid;
    this.#cluster = client.options.cluster;
    this.#stream = eventsStream(this.#cluster);
  }

  /** Messages in the stream that were none of ours, so far. */
  get invalid(): number {
    return this.#invalid;
  }

  async publish(event: GeodesicEvent): Promise<void> {
    const subject = eventSubject(this.#cluster, event.subject, bareType(event.type));
    const data = Buffer.from(JSON.stringify(event));
    this.#checkSize(subject, data.length + event.id.length + HEADER_ROOM);
    const send = (): Promise<unknown> =>
      natsOperation(this.#client, subject, () =>
        this.#client.jetstream.publish(subject, data, { msgID: event.id, timeout: ACK_MS, expect: { streamName: this.#stream } }),
      );
    try {
      await send();
    } catch (error) {
      // No stream takes it: none was made yet, or the server has lost its data.
      if (!isNoResponders(error)) throw error;
      await ensureStreams(this.#client, { ha: false });
      await send();
    }
  }

  async lastOf(run: string): Promise<GeodesicEvent | undefined> {
    const filter = eventSubjects({ cluster: this.#cluster, run });
    const newest = await this.#newest(filter);
    if (newest === undefined) return undefined;
    const event = this.#parse(newest.data, { subject: newest.subject, position: newest.position });
    if (event?.runsequence !== undefined) return event;
    // A derived or foreign event came last: of the last events of all types, in the order of storing, the last with a number.
    let last: GeodesicEvent | undefined;
    for await (const message of this.#once({ filter, lastPerSubject: true, upTo: newest.position })) {
      const candidate = this.#parse(message.data, message);
      if (candidate?.runsequence !== undefined) last = candidate;
    }
    return last;
  }

  async runs(): Promise<readonly string[]> {
    const runs = new Set<string>();
    // Of each type of each run the last: what began a run is there once, so runs come in the order of their beginnings.
    for await (const message of this.#once({ filter: eventSubjects({ cluster: this.#cluster }), lastPerSubject: true, headersOnly: true }))
      runs.add(runOfEventSubject(message.subject));
    return [...runs];
  }

  async *follow({ run, type, after = 0, signal, untilNow = false }: FollowOptions): AsyncGenerator<StoredEvent, void, undefined> {
    if (type !== undefined && run === undefined)
      throw new EventsError('OPTIONS', { what: 'type', expected: 'a run with it', got: `${type} alone`, hint: 'name the run' });
    const filter = eventSubjects({
      cluster: this.#cluster,
      ...(run === undefined ? {} : { run }),
      ...(type === undefined ? {} : { type }),
    });
    for await (const message of readStream(this.#client, { stream: this.#stream, filter, after, signal, untilNow })) {
      const event = this.#parse(message.data, message);
      if (event !== undefined) yield { event, position: message.position };
    }
  }

  /** What is stored now; unlike {@link follow} it fails when no server is there. */
  async *#once(options: {
    readonly filter: string;
    readonly lastPerSubject: boolean;
    readonly headersOnly?: boolean;
    readonly upTo?: number;
  }): AsyncGenerator<StreamMessage, void, undefined> {
    const broken = new AbortController();
    const stop = this.#client.onConnection(() => broken.abort());
    if (!this.#client.isConnected) broken.abort();
    try {
      yield* readStream(this.#client, { stream: this.#stream, untilNow: true, signal: broken.signal, ...options });
    } finally {
      stop();
    }
    if (!broken.signal.aborted) return;
    throw new EventsError('UNREACHABLE', {
      what: `stream ${this.#stream}`,
      expected: 'to read what is stored',
      got: 'no connection',
      hint: 'try again when a server is there',
    });
  }

  /** The last message of a filter, from the stream's leader: a copy may be behind. */
  async #newest(filter: string): Promise<{ readonly subject: string; readonly position: number; readonly data: Uint8Array } | undefined> {
    try {
      const found = await natsOperation(this.#client, filter, () =>
        this.#client.manager.streams.getMessage(this.#stream, { last_by_subj: filter }),
      );
      return found === null ? undefined : { subject: found.subject, position: found.seq, data: found.data };
    } catch (error) {
      if (isStreamNotFound(error) || apiCodeOf(error) === NO_MESSAGE) return undefined;
      throw error;
    }
  }

  #parse(data: Uint8Array, { subject, position }: { readonly subject: string; readonly position: number }): GeodesicEvent | undefined {
    try {
      return parseEvent(data);
    } catch (error) {
      if (!(error instanceof EventsError)) throw error;
      this.#invalid += 1;
      this.#onInvalid?.(error, { subject, position });
      return undefined;
    }
  }

  #checkSize(subject: string, bytes: number): void {
    const limit = this.#client.connection.info?.max_payload;
    if (limit === undefined || bytes <= limit) return;
    throw new EventsError('TOO_LARGE', {
      what: subject,
      expected: `at most ${limit} bytes with headers`,
      got: `${bytes}`,
      hint: 'the publisher leaves the data out, or raise max_payload in the configuration of nats-server',
    });
  }
}
