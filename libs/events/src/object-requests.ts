/** Asking for objects that are not in the stream, and answering: whoever has them stores them, and says so. */
import type { Msg } from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import { isNoResponders, toEventsError } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import type { Digest, ObjectProvider } from './object-channel.ts';
import { objectRequestSubject } from './subjects.ts';

/** Objects that one request may name. */
export const REQUEST_LIMIT = 16;
/** A provider reads a disk and stores 8 MiB and more; ms. */
const ANSWER_MS = 30_000;
const QUEUE = 'objects';

/** `stored`: they are in the stream now; `unknown`: the one who answered has not got them; `failed`: it could not store them. */
export interface ObjectAnswer {
  readonly stored: readonly Digest[];
  readonly unknown: readonly Digest[];
  readonly failed?: readonly Digest[];
}

/**
 * Asks whoever serves the run to store objects; undefined when nobody does.
 * @throws {EventsError} UNREACHABLE when no answer comes, PERMISSION
 */
export async function requestObjects(client: NatsClient, run: string, objects: readonly Digest[]): Promise<ObjectAnswer | undefined> {
  const subject = objectRequestSubject(client.options.cluster, run);
  try {
    const answer = await natsOperation(client, subject, () =>
      client.connection.request(subject, JSON.stringify({ objects: objects.slice(0, REQUEST_LIMIT) }), { timeout: ANSWER_MS }),
    );
    return readAnswer(answer);
  } catch (error) {
    if (isNoResponders(error)) return undefined;
    throw error;
  }
}

/** What a server of objects needs. */
export interface ServeOptions {
  readonly provider: ObjectProvider;
  /** Stores objects in the stream. */
  readonly put: (objects: AsyncIterable<{ readonly digest: Digest; readonly bytes: Uint8Array }>) => Promise<unknown>;
  readonly signal: AbortSignal;
  /** A request that cannot be answered, or a subscription that is refused. */
  readonly onTrouble?: ((error: EventsError) => void) | undefined;
}

/** Answers requests until the signal aborts. Those that wait while objects are stored are answered together, so each is stored once. */
export function serveObjects(client: NatsClient, run: string, { provider, put, signal, onTrouble }: ServeOptions): void {
  if (signal.aborted) return;
  const subject = objectRequestSubject(client.options.cluster, run);
  const waiting: Msg[] = [];
  let isBusy = false;
  const work = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    while (waiting.length > 0 && !signal.aborted) await answerAll(waiting.splice(0), { provider, put, signal, onTrouble });
    isBusy = false;
  };
  const subscription = client.connection.subscribe(subject, {
    queue: QUEUE,
    callback: (error, message) => {
      if (error !== null) return onTrouble?.(toEventsError(error, subject));
      waiting.push(message);
      void work();
    },
  });
  signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true });
}

async function answerAll(messages: readonly Msg[], options: ServeOptions): Promise<void> {
  const requests = messages.map((message) => ({ message, objects: readRequest(message.data) }));
  const [stored, unknown] = [new Set<Digest>(), new Set<Digest>()];
  for (const digest of new Set(requests.flatMap(({ objects }) => objects)))
    try {
      const bytes = await options.provider(digest);
      if (bytes === undefined) unknown.add(digest);
      else {
        await options.put(only({ digest, bytes }));
        stored.add(digest);
      }
    } catch (error) {
      options.onTrouble?.(toEventsError(error, `object ${digest}`));
    }
  for (const { message, objects } of requests) {
    const answer: ObjectAnswer = {
      stored: objects.filter((digest) => stored.has(digest)),
      unknown: objects.filter((digest) => unknown.has(digest)),
      failed: objects.filter((digest) => !stored.has(digest) && !unknown.has(digest)),
    };
    message.respond(JSON.stringify(answer));
  }
}

async function* only<T>(item: T): AsyncGenerator<T> {
  yield item;
}

/** The digests of a request; what is none is left out, as nobody has it. */
function readRequest(data: Uint8Array): readonly Digest[] {
  return digestsIn(data, 'objects').slice(0, REQUEST_LIMIT);
}

function readAnswer(message: Msg): ObjectAnswer {
  return {
    stored: digestsIn(message.data, 'stored'),
    unknown: digestsIn(message.data, 'unknown'),
    failed: digestsIn(message.data, 'failed'),
  };
}

function digestsIn(data: Uint8Array, field: string): readonly Digest[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    const list = (value as Record<string, unknown> | null)?.[field];
    return Array.isArray(list) ? list.filter((item): item is Digest => typeof item === 'string' && /^sha256:[0-9a-f]{64}$/.test(item)) : [];
  } catch {
    return [];
  }
}
