/** The last message of one subject, by a direct read: any copy of the stream answers, so it may be a moment behind. */
import type { StoredMsg } from '@nats-io/jetstream';
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import { isStreamNotFound } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';

/** Streams that were seen through a client: a direct read of one that is not there is answered by nobody, and takes its time. */
const seen = new WeakMap<NatsClient, Set<string>>();

/** Undefined when there is none, and when there is no such stream. @throws {EventsError} UNREACHABLE, PERMISSION */
export async function lastMessage(client: NatsClient, stream: string, subject: string): Promise<StoredMsg | undefined> {
  const known = seen.get(client) ?? new Set();
  seen.set(client, known);
  if (!known.has(stream) && (await isAbsent(client, stream))) return undefined;
  known.add(stream);
  try {
    return (await natsOperation(client, subject, () => client.manager.direct.getMessage(stream, { last_by_subj: subject }))) ?? undefined;
  } catch (error) {
    // Perhaps it was removed: look again before the next read.
    known.delete(stream);
    throw error;
  }
}

/** A user who may not look is taken to know that it is there. */
async function isAbsent(client: NatsClient, stream: string): Promise<boolean> {
  try {
    await natsOperation(client, `stream ${stream}`, () => client.manager.streams.info(stream));
    return false;
  } catch (error) {
    if (isStreamNotFound(error)) return true;
    if (error instanceof EventsError && error.code === 'PERMISSION') return false;
    throw error;
  }
}
