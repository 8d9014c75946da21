/** The objects of a run in a stream of JetStream: see {@link ObjectChannel}. */
import { EventsError } from './errors.ts';
import { lastMessage } from './last-message.ts';
import type { NatsClient } from './nats-client.ts';
import { natsOperation } from './nats-operation.ts';
import type { CheckpointPointer, Digest, ObjectChannel, ObjectProvider, ObjectRange } from './object-channel.ts';
import { hexOf } from './object-parts.ts';
import { getObject, storedObjects, streamObjects } from './object-reader.ts';
import { requestObjects, serveObjects } from './object-requests.ts';
import { writeObjects } from './object-writer.ts';
import { pause } from './pause.ts';
import { objectsStream, pointerSubject } from './subjects.ts';

/** What a channel does besides. */
export interface NatsObjectsOptions {
  /** Requests that could not be answered, and a subscription that was refused. */
  readonly onTrouble?: (error: EventsError) => void;
  /** Called when an object in the stream is missing or damaged, before it is asked for. */
  readonly onRefetch?: (digest: Digest, why: 'missing' | 'damaged') => void;
}

/** How often an object is asked for. */
const REQUESTS = 3;
const RETRY_MS = 250;
/** Who serves may be connecting anew at this moment; ms. */
const NOBODY_MS = 500;

/** One run's objects. Limitations: what nobody serves and the stream has dropped (2 GiB of all runs) is gone. */
export class NatsObjects implements ObjectChannel {
  readonly #client: NatsClient;
  readonly #run: string;
  readonly #options: NatsObjectsOptions;

  constructor(client: NatsClient, run: string, options: NatsObjectsOptions = {}) {
    this.#client = client;
    this.#run = run;
    this.#options = options;
  }

  put(objects: AsyncIterable<{ readonly digest: Digest; readonly bytes: Uint8Array }>, signal?: AbortSignal): Promise<ObjectRange> {
    return writeObjects(this.#client, this.#run, objects, signal);
  }

  stored(): Promise<ReadonlySet<Digest>> {
    return storedObjects(this.#client, this.#run);
  }

  stream(
    range: ObjectRange,
    options: { readonly wanted: ReadonlySet<Digest>; readonly signal: AbortSignal },
  ): AsyncIterable<{ readonly digest: Digest; readonly bytes: Uint8Array }> {
    return streamObjects(this.#client, this.#run, range, options);
  }

  async get(digest: Digest, signal: AbortSignal): Promise<Uint8Array> {
    const hex = hexOf(digest);
    for (let requests = 0; ; requests += 1) {
      const found = await this.#patiently(signal, () => getObject(this.#client, this.#run, hex));
      if (typeof found !== 'string') return found;
      if (requests === REQUESTS) throw absent(digest, found);
      this.#options.onRefetch?.(digest, found);
      const answer = await this.#patiently(signal, () => requestObjects(this.#client, this.#run, [digest]));
      if (answer === undefined) await pause(NOBODY_MS, signal);
      else if (answer.unknown.includes(digest) && found === 'missing') throw absent(digest, found);
      // A copy of the stream may be behind its leader for a moment.
      else if (requests > 0) await pause(RETRY_MS, signal);
    }
  }

  serve(provider: ObjectProvider, signal: AbortSignal): void {
    serveObjects(this.#client, this.#run, {
      provider,
      put: (objects) => this.put(objects, signal),
      signal,
      onTrouble: this.#options.onTrouble,
    });
  }

  async point(pointer: CheckpointPointer): Promise<void> {
    const subject = pointerSubject(this.#client.options.cluster, this.#run);
    await natsOperation(this.#client, subject, () => this.#client.jetstream.publish(subject, JSON.stringify(pointer)));
  }

  async pointer(): Promise<CheckpointPointer | undefined> {
    const { cluster } = this.#client.options;
    const subject = pointerSubject(cluster, this.#run);
    const found = await lastMessage(this.#client, objectsStream(cluster), subject);
    return found === undefined ? undefined : readPointer(subject, found.data);
  }

  /** Waits for a connection, and tries again for as long as none answers. */
  async #patiently<T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      try {
        await this.#client.connected(signal);
        return await operation();
      } catch (error) {
        const isPassing = error instanceof EventsError && error.code === 'UNREACHABLE' && !this.#client.connection.isClosed();
        if (!isPassing) throw error;
        await pause(RETRY_MS, signal);
      }
    }
  }
}

function absent(digest: Digest, why: 'missing' | 'damaged'): EventsError {
  return new EventsError(why === 'missing' ? 'MISSING' : 'CORRUPT', {
    what: `object ${digest}`,
    expected: why === 'missing' ? 'somebody who has it' : 'the bytes of its name',
    got: why === 'missing' ? 'nobody' : 'others, also after it was stored anew',
    hint: why === 'missing' ? 'is the coordinator of this run connected to NATS?' : 'check the disk of the coordinator',
  });
}

/** @throws {EventsError} INVALID */
function readPointer(subject: string, data: Uint8Array): CheckpointPointer {
  try {
    const value = JSON.parse(Buffer.from(data).toString('utf8')) as Record<string, unknown>;
    const { step, manifest, bytes, files } = value;
    if (Number.isSafeInteger(step) && typeof manifest === 'string' && Number.isSafeInteger(bytes) && isTexts(files)) {
      hexOf(manifest);
      return { step: step as number, manifest, bytes: bytes as number, files };
    }
  } catch {
    // Said below.
  }
  throw new EventsError('INVALID', {
    what: subject,
    expected: 'step, manifest, bytes and files of a checkpoint',
    got: Buffer.from(data).toString('utf8').slice(0, 80),
    hint: 'another program has written there',
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
