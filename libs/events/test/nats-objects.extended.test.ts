/** Objects on a real nats-server: many readers, damage, nobody who has them, and a server that is killed in the middle. */
import { createHash } from 'node:crypto';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { headers } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, NatsObjects, partSubject, readNatsOptions } from '../src/index.ts';
import type { NatsClient, ObjectRange } from '../src/index.ts';
import { pseudoRandomBytes } from './pseudo-random-bytes.ts';
import { untilFinished } from './until-finished.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: objects on a server: ${reason}\n`);

const MIB = 2 ** 20;

interface Thing {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

describe.skipIf(reason !== undefined)('NatsObjects', () => {
  it('carries 100 MB to three readers at once, every byte verified', async () => {
    const place = await untilFinished(freshPlace(3));
    const things = thingsOf(25, 4 * MIB);
    const range = await place.writer.put(each(things));
    expect(await place.writer.stored()).toEqual(new Set(things.map(({ digest }) => digest)));
    const readers = place.clients.map((client) => new NatsObjects(client, 'r1'));
    const read = await Promise.all(readers.map((reader) => all(reader, range, things)));
    for (const objects of read) {
      expect(objects.map(({ digest }) => digest)).toEqual(things.map(({ digest }) => digest));
      objects.forEach(({ bytes }, index) => expect(Buffer.compare(bytes, things[index].bytes)).toBe(0));
    }
  });

  it('keeps objects of every size, the empty one too, and gives each alone', async () => {
    const place = await untilFinished(freshPlace(0));
    const sizes = [0, 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 20 * MIB + 7];
    const things = sizes.map((size, index) => thing(size, index));
    const range = await place.writer.put(each(things));
    for (const { digest, bytes } of things) expect(Buffer.compare(await place.writer.get(digest, soon()), bytes)).toBe(0);
    expect((await all(place.writer, range, things)).map(({ digest }) => digest)).toEqual(things.map(({ digest }) => digest));
    expect(await place.writer.stored()).toEqual(new Set(things.map(({ digest }) => digest)));
  });

  it('makes smaller parts where the server takes smaller messages', async () => {
    const place = await untilFinished(freshPlace(0, 'max_payload: 64KB'));
    const things = thingsOf(3, MIB);
    const range = await place.writer.put(each(things));
    expect(range.last - range.first + 1).toBe(3 * Math.ceil(MIB / (64 * 1024 - 1024)));
    expect(await all(place.writer, range, things)).toHaveLength(3);
  });

  it('gives only what is wanted, of its own run', async () => {
    const place = await untilFinished(freshPlace(0));
    const things = thingsOf(4, 100_000);
    const other = new NatsObjects(place.client, 'r2');
    const first = await place.writer.put(each(things.slice(0, 2)));
    await other.put(each(thingsOf(2, 300_000)));
    const last = await place.writer.put(each(things.slice(2)));
    const read = await all(place.writer, { first: first.first, last: last.last }, [things[3], things[0]]);
    expect(read.map(({ digest }) => digest)).toEqual([things[0].digest, things[3].digest]);
    expect(await all(other, last, things)).toEqual([]);
  });

  it('leaves out what is damaged or not whole, and has it stored again by who serves the run', async () => {
    const place = await untilFinished(freshPlace(1));
    const things = thingsOf(6, 2 * MIB);
    const range = await place.writer.put(each(things));
    await deletePart(place.client, things[1], 2);
    await deletePart(place.client, things[4], 0);
    await damagePart(place.client, things[2], 3);
    const served: string[] = [];
    const leave = new AbortController();
    place.writer.serve(async (digest) => {
      served.push(digest);
      return things.find((one) => one.digest === digest)?.bytes;
    }, leave.signal);
    const refetched: string[] = [];
    const reader = new NatsObjects(place.clients[0], 'r1', { onRefetch: (digest, why) => refetched.push(`${why} ${digest}`) });
    const read = await all(reader, range, things);
    expect(read.map(({ digest }) => digest)).toEqual([0, 3, 5].map((index) => things[index].digest));
    const stored = await reader.stored();
    expect([1, 4].map((index) => stored.has(things[index].digest))).toEqual([false, false]);
    for (const index of [1, 2, 4]) expect(Buffer.compare(await reader.get(things[index].digest, soon()), things[index].bytes)).toBe(0);
    expect(refetched).toEqual([`missing ${things[1].digest}`, `damaged ${things[2].digest}`, `missing ${things[4].digest}`]);
    expect(served).toEqual([1, 2, 4].map((index) => things[index].digest));
    leave.abort();
  });

  it('answers readers that ask for the same object at once by storing it at most twice', async () => {
    const place = await untilFinished(freshPlace(8));
    const [one] = thingsOf(1, 3 * MIB);
    let served = 0;
    const leave = new AbortController();
    place.writer.serve(async () => {
      served += 1;
      return one.bytes;
    }, leave.signal);
    await place.client.connection.flush();
    await Promise.all(place.clients.map((client) => new NatsObjects(client, 'r1').get(one.digest, soon())));
    expect(served).toBeLessThanOrEqual(2);
    leave.abort();
  });

  it('says MISSING when nobody serves, and when who serves has not got it', async () => {
    const place = await untilFinished(freshPlace(0));
    const [one] = thingsOf(1, 1_000);
    await expect(place.writer.get(one.digest, soon())).rejects.toMatchObject({ code: 'MISSING' });
    const leave = new AbortController();
    place.writer.serve(() => Promise.resolve(undefined), leave.signal);
    await expect(place.writer.get(one.digest, soon())).rejects.toMatchObject({ code: 'MISSING' });
    leave.abort();
  });

  it('says CORRUPT when what is served is damaged, too', async () => {
    const place = await untilFinished(freshPlace(0));
    const [one, other] = thingsOf(2, 1_000);
    const leave = new AbortController();
    place.writer.serve(() => Promise.resolve(other.bytes), leave.signal);
    await expect(place.writer.get(one.digest, soon())).rejects.toMatchObject({ code: 'CORRUPT' });
    leave.abort();
  });

  it('goes on where it was when the server is killed in the middle of storing and of reading', async () => {
    const place = await untilFinished(freshPlace(1));
    const things = thingsOf(20, 4 * MIB);
    let kills = 0;
    const range = await place.writer.put(
      (async function* () {
        for (const [index, one] of things.entries()) {
          if (index === 8) {
            await place.server.restart();
            kills += 1;
          }
          yield one;
        }
      })(),
    );
    const reader = new NatsObjects(place.clients[0], 'r1');
    const read = new Map<string, Uint8Array>();
    for await (const { digest, bytes } of reader.stream(range, { wanted: new Set(things.map((one) => one.digest)), signal: soon() })) {
      read.set(digest, bytes);
      if (read.size === 5) {
        await place.server.restart();
        kills += 1;
      }
    }
    expect(kills).toBe(2);
    // A part whose answer was lost was stored anew, behind or before others: what came incomplete is had alone.
    for (const { digest, bytes } of things) expect(Buffer.compare(read.get(digest) ?? (await reader.get(digest, soon())), bytes)).toBe(0);
    expect(read.size).toBeGreaterThanOrEqual(19);
  });

  it('points to the newest checkpoint', async () => {
    const place = await untilFinished(freshPlace(0));
    expect(await place.writer.pointer()).toBeUndefined();
    await ensureStreams(place.client, { ha: false });
    expect(await place.writer.pointer()).toBeUndefined();
    const [one, other] = thingsOf(2, 10);
    const pointer = { step: 10, manifest: one.digest, bytes: 10, files: ['parameters.safetensors'] };
    await place.writer.point(pointer);
    await place.writer.point({ ...pointer, step: 20, manifest: other.digest });
    expect(await place.writer.pointer()).toEqual({ ...pointer, step: 20, manifest: other.digest });
    await place.client.jetstream.publish('gd.ob.main.r1.latest', '{}');
    await expect(place.writer.pointer()).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('waits for a server that is away', async () => {
    const place = await untilFinished(freshPlace(0));
    const things = thingsOf(2, MIB);
    await place.writer.put(each(things));
    await place.server.kill();
    await expect.poll(() => place.client.isConnected).toBe(false);
    const getting = place.writer.get(things[0].digest, soon());
    const putting = place.writer.put(each(thingsOf(1, 10)), soon());
    await place.server.restart();
    expect(Buffer.compare(await getting, things[0].bytes)).toBe(0);
    expect((await putting).last).toBeGreaterThan(0);
  });

  it('ends a transfer by its signal', async () => {
    const place = await untilFinished(freshPlace(0));
    await ensureStreams(place.client, { ha: false });
    await place.server.kill();
    const leave = new AbortController();
    const putting = place.writer.put(each(thingsOf(1, 10)), leave.signal);
    const getting = place.writer.get(thing(1, 1).digest, leave.signal);
    const reading = all(place.writer, { first: 1, last: 5 }, thingsOf(1, 10), leave.signal);
    leave.abort(new Error('enough'));
    await expect(putting).rejects.toThrow('enough');
    await expect(getting).rejects.toThrow('enough');
    expect(await reading).toEqual([]);
  });
});

interface Place {
  stop(): Promise<void>;
  readonly server: NatsServer;
  readonly client: NatsClient;
  readonly writer: NatsObjects;
  /** More connections. */
  readonly clients: readonly NatsClient[];
}

async function freshPlace(readers: number, config = ''): Promise<Place> {
  const server = await NatsServer.start({ config });
  const connect = (): Promise<NatsClient> => connectNats(readNatsOptions({ url: server.url, env: {} })!, { name: 'test' });
  const client = await connect();
  const clients = await Promise.all(Array.from({ length: readers }, connect));
  return {
    server,
    client,
    clients,
    writer: new NatsObjects(client, 'r1'),
    stop: async () => {
      await Promise.all([client, ...clients].map((one) => one.close()));
      await server.stop();
    },
  };
}

function thing(size: number, seed: number): Thing {
  const bytes = pseudoRandomBytes(size, seed);
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

function thingsOf(count: number, size: number): readonly Thing[] {
  return Array.from({ length: count }, (_, index) => thing(size, index + 1));
}

async function* each(things: readonly Thing[]): AsyncGenerator<Thing> {
  yield* things;
}

async function all(
  objects: NatsObjects,
  range: ObjectRange,
  things: readonly Thing[],
  signal: AbortSignal = soon(),
): Promise<readonly Thing[]> {
  const read: Thing[] = [];
  for await (const one of objects.stream(range, { wanted: new Set(things.map(({ digest }) => digest)), signal })) read.push(one);
  return read;
}

/** A signal for what must not hang. */
function soon(): AbortSignal {
  return AbortSignal.timeout(30_000);
}

function subjectOf({ digest }: Thing, part: number): string {
  return partSubject('main', 'r1', digest.slice('sha256:'.length), part);
}

async function deletePart(client: NatsClient, one: Thing, part: number): Promise<void> {
  const found = await client.manager.direct.getMessage('GD_OBJECTS_main', { last_by_subj: subjectOf(one, part) });
  await client.manager.streams.deleteMessage('GD_OBJECTS_main', found!.seq);
}

/** Other bytes under the part's subject, at the end of the stream, and the right ones are gone. */
async function damagePart(client: NatsClient, one: Thing, part: number): Promise<void> {
  const labels = headers();
  labels.set('Gd-Bytes', String(one.bytes.length));
  labels.set('Gd-Parts', '4');
  await client.jetstream.publish(subjectOf(one, part), new Uint8Array(512 * 1024), { headers: labels });
}
