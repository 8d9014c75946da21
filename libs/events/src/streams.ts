/** The streams of a cluster: made by whoever may make them, used as they are by the others. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import { apiCodeOf, isStreamNotFound } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import { commitStream, commitSubjects, eventsStream, eventSubjects, objectsStream } from './subjects.ts';

const GIB = 2 ** 30;
const DAY_MS = 86_400_000;
/** Another one made it in the meantime. */
const NAME_IN_USE = 10058;

type StreamShape = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

/**
 * Makes the streams of the cluster that are not there; with `ha` also the one with copies of commit logs. Idempotent.
 * @throws {EventsError} STREAM when one has other subjects or cannot be made, PERMISSION when one is missing and this user may not make it,
 *   UNREACHABLE
 */
export async function ensureStreams(client: NatsClient, { ha }: { readonly ha: boolean }): Promise<void> {
  for (const shape of streamsOf(client.options.cluster, { ha, replicas: client.options.replicas })) await ensureStream(client, shape);
}

/** How the streams of a cluster are made. */
export function streamsOf(cluster: string, { ha, replicas }: { readonly ha: boolean; readonly replicas: number }): readonly StreamShape[] {
  const common = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    num_replicas: replicas,
    allow_direct: true,
  };
  return [
    {
      ...common,
      name: eventsStream(cluster),
      subjects: [eventSubjects({ cluster })],
      max_age: nanos(7 * DAY_MS),
      max_bytes: GIB,
      duplicate_window: nanos(120_000),
    },
    {
      ...common,
      name: objectsStream(cluster),
      subjects: [`gd.ob.${cluster}.>`],
      max_msgs_per_subject: 1,
      max_bytes: 2 * GIB,
    },
    ...(ha ? [{ ...common, name: commitStream(cluster), subjects: [commitSubjects(cluster)] }] : []),
  ];
}

async function ensureStream(client: NatsClient, shape: StreamShape): Promise<void> {
  const found = await subjectsOf(client, shape.name);
  if (found !== undefined) return checkSubjects(shape, found);
  try {
    await natsOperation(client, `stream ${shape.name}`, () => client.manager.streams.add(shape));
  } catch (error) {
    if (apiCodeOf(error) !== NAME_IN_USE) throw error;
    checkSubjects(shape, (await subjectsOf(client, shape.name)) ?? []);
  }
}

async function subjectsOf(client: NatsClient, stream: string): Promise<readonly string[] | undefined> {
  try {
    const info = await natsOperation(client, `stream ${stream}`, () => client.manager.streams.info(stream));
    return info.config.subjects;
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
}

function checkSubjects({ name, subjects }: StreamShape, found: readonly string[]): void {
  if (subjects.join(' ') === found.join(' ')) return;
  throw new EventsError('STREAM', {
    what: `stream ${name}`,
    expected: `the subjects ${subjects.join(', ')}`,
    got: found.join(', '),
    hint: `another program uses this name: choose another --cluster, or remove the stream with \`nats stream rm ${name}\``,
  });
}
