/**
 * Reads a stream in order, each message once, for as long as somebody wants: after any trouble (server killed, consumer gone, message lost
 * on the way) a new consumer begins behind the last message that was given.
 */
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import { isStreamNotFound } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import { pause } from './pause.ts';
import { PushConsumer } from './push-consumer.ts';
import type { StreamMessage } from './stream-message.ts';

/** What to read. */
export interface ReadStreamOptions {
  readonly stream: string;
  /** One subject, wildcards allowed. */
  readonly filter: string;
  /** Only messages behind this place; default 0, all. */
  readonly after?: number;
  /** Ends when a message at this place or behind it was given or passed. */
  readonly upTo?: number;
  /** Ends when all that was stored at the beginning has been given, and at once when there is no such stream; default false. */
  readonly untilNow?: boolean;
  /** Of each subject only the last message. */
  readonly lastPerSubject?: boolean;
  readonly headersOnly?: boolean;
  /** Ends the iteration, quietly. */
  readonly signal?: AbortSignal;
}

/** Between looks for a stream, a leader or a server, ms. */
const RETRY_MS = 250;
/** A stream that was there and is not for so long is gone: a cluster that is starting says so for a moment. */
const GONE_MS = 10_000;

/**
 * Messages in ascending order of position. A connection that is broken is waited for; so is a stream that never was there, unless
 * `untilNow`.
 * @throws {EventsError} PERMISSION, STREAM when the stream was removed, or has lost what was read: positions begin anew
 */
export async function* readStream(client: NatsClient, options: ReadStreamOptions): AsyncGenerator<StreamMessage, void, undefined> {
  const { signal } = options;
  const cursor = new Cursor(options);
  while (!cursor.isOver) {
    const consumer = await open(client, options, cursor);
    if (consumer === undefined) continue;
    const onAbort = (): void => consumer.end();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      cursor.begin(consumer.isEmpty);
      while (!cursor.isOver) {
        const message = await consumer.next();
        if (message === undefined) break;
        if (cursor.take(message)) yield message;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      consumer.end();
    }
  }
}

/** Where reading is, over all consumers. */
class Cursor {
  position: number;
  isDone = false;
  missingSince: number | undefined;
  #left = Infinity;
  #isFirst = true;
  readonly #options: ReadStreamOptions;

  constructor(options: ReadStreamOptions) {
    this.#options = options;
    this.position = options.after ?? 0;
  }

  /** Whether there is nothing more to give, or nobody who wants it. */
  get isOver(): boolean {
    return this.isDone || this.#options.signal?.aborted === true;
  }

  begin(isEmpty: boolean): void {
    this.missingSince = undefined;
    this.#isFirst = true;
    if (isEmpty && this.#hasEnd) this.isDone = true;
  }

  /** Whether the message is to be given. */
  take({ position, pending }: StreamMessage): boolean {
    const { upTo = Infinity } = this.#options;
    if (this.#hasEnd) {
      // What the first message says of those behind it is what was stored at the beginning.
      this.#left = this.#isFirst ? Math.min(this.#left - 1, pending) : this.#left - 1;
      this.#isFirst = false;
      // What was stored up to `upTo` may have been removed since: an end of the stream is an end here, too.
      this.isDone = position >= upTo || pending === 0 || this.#left <= 0;
    }
    if (position <= this.position || position > upTo) return false;
    this.position = position;
    return true;
  }

  get #hasEnd(): boolean {
    return this.#options.untilNow === true || this.#options.upTo !== undefined;
  }
}

/** A new consumer behind the cursor; undefined after a wait, when it is to be tried again. */
async function open(client: NatsClient, options: ReadStreamOptions, cursor: Cursor): Promise<PushConsumer | undefined> {
  const { stream, filter, signal, lastPerSubject = false, headersOnly = false } = options;
  try {
    await client.connected(signal);
    if (cursor.position > 0 && !lastPerSubject) await checkPosition(client, stream, cursor.position);
    return await PushConsumer.create(client, { stream, filter, after: cursor.position, lastPerSubject, headersOnly });
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    await tolerate(client, error, options, cursor);
    return undefined;
  }
}

async function tolerate(client: NatsClient, error: unknown, { untilNow, signal }: ReadStreamOptions, cursor: Cursor): Promise<void> {
  if (isStreamNotFound(error)) {
    cursor.missingSince ??= performance.now();
    if (cursor.position > 0 && performance.now() - cursor.missingSince > GONE_MS) throw error;
    if (untilNow === true && cursor.position === 0) cursor.isDone = true;
  } else {
    const isPassing = error instanceof EventsError && error.code === 'UNREACHABLE' && !client.connection.isClosed();
    if (!isPassing) throw error;
  }
  if (!cursor.isDone) await pause(RETRY_MS, signal).catch(() => undefined);
}

/** A stream that ends before what was read is not the one that was read. A user who may not look reads without this. */
async function checkPosition(client: NatsClient, stream: string, position: number): Promise<void> {
  const what = `stream ${stream}`;
  let last: number;
  try {
    last = (await natsOperation(client, what, () => client.manager.streams.info(stream))).state.last_seq;
  } catch (error) {
    if (error instanceof EventsError && error.code === 'PERMISSION') return;
    throw error;
  }
  if (last >= position) return;
  throw new EventsError('STREAM', {
    what,
    expected: `messages up to ${position}, which was read`,
    got: `a stream that ends at ${last}`,
    hint: 'the server has lost its data or the stream was made anew: read from the beginning, ids tell what is known',
  });
}
