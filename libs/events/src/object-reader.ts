/** Reads objects from the stream: many as they pass, or one by its parts' subjects. What is not whole or not what it is called is left out. */
import { lastMessage } from './last-message.ts';
import type { NatsClient } from './nats-client.ts';
import type { Digest, ObjectRange } from './object-channel.ts';
import { digestOf, isObject, PartAssembly, readPartShape, type PartShape } from './object-parts.ts';
import { readStream } from './read-stream.ts';
import { objectsStream, partOfSubject, partSubject, partSubjects } from './subjects.ts';

interface ObjectBytes {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Objects that are hashed while the next are received. */
const HASHED_AT_ONCE = 4;
/** Parts of one object that are asked for at once. */
const PARTS_AT_ONCE = 8;

/** Objects in the order of their last part, verified. */
export async function* streamObjects(
  client: NatsClient,
  run: string,
  range: ObjectRange,
  { wanted, signal }: { readonly wanted: ReadonlySet<Digest>; readonly signal: AbortSignal },
): AsyncGenerator<ObjectBytes, void, undefined> {
  const checks: Promise<ObjectBytes | undefined>[] = [];
  for await (const { hex, bytes } of wholeObjects(client, run, range, wanted, signal)) {
    checks.push(isObject(hex, bytes).then((isRight) => (isRight ? { digest: digestOf(hex), bytes } : undefined)));
    if (checks.length < HASHED_AT_ONCE) continue;
    const checked = await checks.shift();
    if (checked !== undefined) yield checked;
  }
  for (const check of checks) {
    const checked = await check;
    if (checked !== undefined && !signal.aborted) yield checked;
  }
}

async function* wholeObjects(
  client: NatsClient,
  run: string,
  { first, last }: ObjectRange,
  wanted: ReadonlySet<Digest>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly hex: string; readonly bytes: Uint8Array }, void, undefined> {
  if (last < first || last === 0) return;
  const { cluster } = client.options;
  const open = new Map<string, PartAssembly>();
  const options = { stream: objectsStream(cluster), filter: partSubjects(cluster, run), after: first - 1, upTo: last, signal };
  for await (const message of readStream(client, options)) {
    const place = partOfSubject(message.subject);
    const shape = readPartShape((name) => message.header(name));
    if (place === undefined || shape === undefined || !wanted.has(digestOf(place.hex))) continue;
    const assembly = open.get(place.hex) ?? new PartAssembly();
    open.set(place.hex, assembly);
    if (!assembly.add(place.part, shape, message.data)) continue;
    open.delete(place.hex);
    const bytes = assembly.bytes();
    if (bytes !== undefined) yield { hex: place.hex, bytes };
  }
}

/** One object by its parts, verified; why it is not there else. @throws {EventsError} UNREACHABLE, PERMISSION */
export async function getObject(client: NatsClient, run: string, hex: string): Promise<Uint8Array | 'missing' | 'damaged'> {
  const assembly = new PartAssembly();
  const take = async (part: number): Promise<PartShape | undefined> => {
    const found = await getPart(client, run, hex, part);
    if (found !== undefined) assembly.add(part, found.shape, found.data);
    return found?.shape;
  };
  const shape = await take(0);
  if (shape === undefined) return 'missing';
  for (let from = 1; from < shape.parts; from += PARTS_AT_ONCE) {
    const parts = Array.from({ length: Math.min(PARTS_AT_ONCE, shape.parts - from) }, (_, index) => from + index);
    const shapes = await Promise.all(parts.map(take));
    if (shapes.includes(undefined)) return 'missing';
  }
  const bytes = assembly.bytes();
  return bytes !== undefined && (await isObject(hex, bytes)) ? bytes : 'damaged';
}

async function getPart(
  client: NatsClient,
  run: string,
  hex: string,
  part: number,
): Promise<{ shape: PartShape; data: Uint8Array } | undefined> {
  const { cluster } = client.options;
  const found = await lastMessage(client, objectsStream(cluster), partSubject(cluster, run, hex, part));
  if (found === undefined) return undefined;
  const shape = readPartShape((name) => found.header.get(name));
  // A part without our headers was written by somebody else: the object is not there.
  return shape === undefined ? undefined : { shape, data: found.data };
}

/** Digests of the objects all of whose parts are stored. @throws {EventsError} PERMISSION, STREAM */
export async function storedObjects(client: NatsClient, run: string): Promise<ReadonlySet<Digest>> {
  const { cluster } = client.options;
  const parts = new Map<string, { shape: PartShape; present: Set<number> }>();
  const options = {
    stream: objectsStream(cluster),
    filter: partSubjects(cluster, run),
    untilNow: true,
    lastPerSubject: true,
    headersOnly: true,
  };
  for await (const message of readStream(client, options)) {
    const place = partOfSubject(message.subject);
    const shape = readPartShape((name) => message.header(name));
    if (place === undefined || shape === undefined) continue;
    const known = parts.get(place.hex);
    if (known?.shape.parts === shape.parts && known.shape.bytes === shape.bytes) known.present.add(place.part);
    else parts.set(place.hex, { shape, present: new Set([place.part]) });
  }
  const whole = [...parts].filter(([, { shape, present }]) => present.size === shape.parts);
  return new Set(whole.map(([hex]) => digestOf(hex)));
}
