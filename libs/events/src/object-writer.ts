/** Stores objects in the stream, part by part, several on their way at once. A part whose answer does not come is sent again. */
import { headers } from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import { isNoResponders } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import type { ObjectRange } from './object-channel.ts';
import { BYTES_HEADER, hexOf, partBytesFor, PARTS_HEADER, partsOf } from './object-parts.ts';
import { pause } from './pause.ts';
import { ensureStreams } from './streams.ts';
import { objectsStream, partSubject } from './subjects.ts';

/** Parts on their way at once; 8 MiB. */
const WINDOW = 16;
const ACK_MS = 10_000;
/** Answers that did not come while a server was there, before it is given up. */
const TRIES = 5;
const RETRY_MS = 250;
const DEFAULT_MAX_PAYLOAD = 1024 * 1024;

/** @throws {EventsError} UNREACHABLE when a server that is there does not answer five times, PERMISSION, STREAM; the signal's reason */
export async function writeObjects(
  client: NatsClient,
  run: string,
  objects: AsyncIterable<{ readonly digest: string; readonly bytes: Uint8Array }>,
  signal?: AbortSignal,
): Promise<ObjectRange> {
  const window = new Window(WINDOW);
  let [first, last] = [Infinity, 0];
  for await (const { digest, bytes } of objects) {
    const partBytes = partBytesFor(client.connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD);
    const parts = partsOf(bytes.length, partBytes);
    const hex = hexOf(digest);
    for (let part = 0; part < parts; part += 1) {
      signal?.throwIfAborted();
      const data = bytes.subarray(part * partBytes, (part + 1) * partBytes);
      const message = { subject: partSubject(client.options.cluster, run, hex, part), data, bytes: bytes.length, parts };
      await window.add(async () => {
        const position = await writePart(client, message, signal);
        first = Math.min(first, position);
        last = Math.max(last, position);
      });
    }
  }
  await window.drained();
  return last === 0 ? { first: 0, last: 0 } : { first, last };
}

interface PartMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly bytes: number;
  readonly parts: number;
}

async function writePart(client: NatsClient, { subject, data, bytes, parts }: PartMessage, signal?: AbortSignal): Promise<number> {
  const stream = objectsStream(client.options.cluster);
  for (let tries = 1; ;) {
    await client.connected(signal);
    try {
      const labels = headers();
      labels.set(BYTES_HEADER, String(bytes));
      labels.set(PARTS_HEADER, String(parts));
      const options = { headers: labels, timeout: ACK_MS, expect: { streamName: stream } };
      return (await natsOperation(client, subject, () => client.jetstream.publish(subject, data, options))).seq;
    } catch (error) {
      if (!(error instanceof EventsError) || error.code !== 'UNREACHABLE') throw error;
      if (client.isConnected) {
        tries += 1;
        if (tries > TRIES) throw error;
        if (isNoResponders(error)) await ensureStreams(client, { ha: false });
      }
      await pause(RETRY_MS, signal);
    }
  }
}

/** So many at once, and the first failure of any. */
class Window {
  readonly #size: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(size: number) {
    this.#size = size;
  }

  async add(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#size) await Promise.race(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
    const running: Promise<void> = task()
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async drained(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
