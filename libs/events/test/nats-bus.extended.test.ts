/** The bus on a real nats-server: what every bus does, and what only a server can do to it. */
import { NatsCluster, NatsServer, natsServerReason } from '@geodesic/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, EventsError, NatsBus, readNatsOptions } from '../src/index.ts';
import type { NatsClient, NatsOptions, StoredEvent } from '../src/index.ts';
import { describeBus } from './bus-conformance.ts';
import { own, paused } from './sample-events.ts';
import { untilFinished } from './until-finished.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: NatsBus on a server: ${reason}\n`);

describe.skipIf(reason !== undefined)('NatsBus', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.stop());

  describeBus('NatsBus', async () => {
    const client = await connectNats(optionsOf(server), { name: 'test' });
    await ensureStreams(client, { ha: false });
    return {
      bus: new NatsBus(client),
      dispose: async () => {
        await client.manager.streams.delete('GD_EVENTS_main');
        await client.close();
      },
    };
  });

  it('makes the stream when it is not there, and knows nothing of a run before', async () => {
    const one = await untilFinished(freshServer());
    const bus = new NatsBus(one.client);
    expect(await bus.lastOf('r1')).toBeUndefined();
    expect(await bus.runs()).toEqual([]);
    await bus.publish(own(paused(1)));
    expect(await bus.lastOf('r1')).toEqual(own(paused(1)));
  });

  it('waits for a stream that nobody has made yet', async () => {
    const one = await untilFinished(freshServer());
    const follower = new NatsBus(one.client).follow({ run: 'r1', signal: AbortSignal.timeout(20_000) });
    const first = follower.next();
    await one.server.restart();
    await one.client.connected();
    await new NatsBus(one.client).publish(own(paused(1)));
    expect((await first).value?.event.id).toBe(own(paused(1)).id);
    await follower.return();
  });

  it('skips and counts what is no event of ours', async () => {
    const one = await untilFinished(freshServer());
    const refused: string[] = [];
    const bus = new NatsBus(one.client, { onInvalid: (error) => refused.push(error.code) });
    await bus.publish(own(paused(1)));
    await one.client.jetstream.publish('gd.ev.main.r1.run.paused', 'no JSON');
    await bus.publish(own(paused(2)));
    expect(idsOf(await all(bus))).toEqual([own(paused(1)).id, own(paused(2)).id]);
    expect(refused).toEqual(['INVALID']);
    expect(bus.invalid).toBe(1);
  });

  it('refuses an event that is larger than the server takes, and goes on', async () => {
    const one = await untilFinished(freshServer({ config: 'max_payload: 8KB' }));
    const bus = new NatsBus(one.client);
    await expect(bus.publish(own(paused(1, 'x'.repeat(9_000))))).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await bus.publish(own(paused(2)));
    expect(await all(bus)).toHaveLength(1);
  });

  it('fails at once with UNREACHABLE while no server is there', async () => {
    const one = await untilFinished(freshServer());
    const bus = new NatsBus(one.client);
    await bus.publish(own(paused(1)));
    await one.server.kill();
    await expect.poll(() => one.client.isConnected).toBe(false);
    await expect(bus.publish(own(paused(2)))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(bus.lastOf('r1')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(bus.runs()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('gives every event once and in order over kills of the server while publishing and following', async () => {
    const one = await untilFinished(freshServer());
    const count = 3_000;
    const follower = await connectNats(optionsOf(one.server), { name: 'follower' });
    const seen: number[] = [];
    let kills = 0;
    const following = follow(new NatsBus(follower), (event) => seen.push(event.runsequence ?? 0) < count);
    const killing = (async () => {
      for (const at of [200, 900, 1_700, 2_400]) {
        await expect.poll(() => seen.length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(at);
        await one.server.restart();
        kills += 1;
      }
    })();
    await publishAll(one.client, count);
    await Promise.all([following, killing]);
    expect(kills).toBe(4);
    await expect.poll(() => follower.reconnects, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(idsOf(await all(new NatsBus(follower)))).toHaveLength(count);
    await follower.close();
  });

  it('holds the server back for a follower that reads nothing while 50,000 events come, and gives it all of them', async () => {
    const one = await untilFinished(freshServer());
    const count = 50_000;
    const follower = await connectNats(optionsOf(one.server), { name: 'slow' });
    const seen: number[] = [];
    let published: () => void = () => undefined;
    const isPublished = new Promise<void>((resolve) => (published = resolve));
    const following = follow(new NatsBus(follower), async (event) => {
      await isPublished;
      return seen.push(event.runsequence ?? 0) < count;
    });
    const bus = new NatsBus(one.client);
    // 100 MB: more than the server keeps for a connection that does not read, which it would cut off.
    const reason = 'x'.repeat(1_500);
    for (let from = 1; from <= count; from += 500)
      await Promise.all(Array.from({ length: 500 }, (_, index) => bus.publish(own(paused(from + index, reason)))));
    expect(follower.connection.stats().inBytes).toBeLessThan(64 * 2 ** 20);
    published();
    await following;
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect([follower.reconnects, follower.slowConsumers]).toEqual([0, 0]);
    await follower.close();
  });

  it('notices a server that does not answer, and goes on when it does', async () => {
    const one = await untilFinished(freshServer());
    const bus = new NatsBus(one.client);
    await bus.publish(own(paused(1)));
    one.server.suspend();
    await expect(bus.publish(own(paused(2)))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    one.server.resume();
    await publishOne(one.client, bus, 2);
    expect(idsOf(await all(bus))).toEqual([own(paused(1)).id, own(paused(2)).id]);
  });

  it('says that the stream is gone when it ends before what was read', async () => {
    const one = await untilFinished(freshServer());
    const bus = new NatsBus(one.client);
    for (let sequence = 1; sequence <= 5; sequence += 1) await bus.publish(own(paused(sequence)));
    await one.client.manager.streams.delete('GD_EVENTS_main');
    await bus.publish(own(paused(6)));
    await expect(bus.follow({ after: 5, signal: AbortSignal.timeout(20_000) }).next()).rejects.toMatchObject({ code: 'STREAM' });
  });
});

describe.skipIf(reason !== undefined)('NatsBus on three servers', () => {
  it('loses no acknowledged event when the leader of the stream is killed', async () => {
    const cluster = await untilFinished(NatsCluster.start(3));
    const options: NatsOptions = { servers: cluster.urls, cluster: 'main', replicas: 3 };
    const client = await connectNats(options, { name: 'publisher', patient: true });
    await ensureStreams(client, { ha: true });
    const follower = await connectNats(options, { name: 'follower' });
    const count = 600;
    const seen: number[] = [];
    const following = follow(new NatsBus(follower), (event) => seen.push(event.runsequence ?? 0) < count);
    const killing = (async () => {
      await expect.poll(() => seen.length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(100);
      const leader = await cluster.leaderOf('GD_EVENTS_main');
      await leader.kill();
      await expect.poll(() => seen.length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(300);
      await leader.restart();
    })();
    await publishAll(client, count);
    await Promise.all([following, killing]);
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    await Promise.all([client.close(), follower.close()]);
  });
});

function optionsOf(server: NatsServer): NatsOptions {
  return readNatsOptions({ url: server.url, env: {} })!;
}

async function freshServer(
  options: { readonly config?: string } = {},
): Promise<{ readonly server: NatsServer; readonly client: NatsClient; stop(): Promise<void> }> {
  const server = await NatsServer.start(options);
  const client = await connectNats(optionsOf(server), { name: 'test' });
  return {
    server,
    client,
    stop: async () => {
      await client.close();
      await server.stop();
    },
  };
}

async function publishAll(client: NatsClient, count: number): Promise<void> {
  const bus = new NatsBus(client);
  for (let sequence = 1; sequence <= count; sequence += 1) await publishOne(client, bus, sequence);
}

/** As a publisher does it: again until it is acknowledged. */
async function publishOne(client: NatsClient, bus: NatsBus, sequence: number): Promise<void> {
  for (;;)
    try {
      await client.connected();
      return await bus.publish(own(paused(sequence)));
    } catch (error) {
      if (!(error instanceof EventsError && error.code === 'UNREACHABLE')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

/** Follows until `take` says that it has enough. */
async function follow(bus: NatsBus, take: (event: StoredEvent['event']) => boolean | Promise<boolean>): Promise<void> {
  for await (const { event } of bus.follow({ signal: AbortSignal.timeout(120_000) })) if (!(await take(event))) return;
  throw new Error('follow: expected more events, got none in 120 s');
}

async function all(bus: NatsBus): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of bus.follow({ untilNow: true, signal: AbortSignal.timeout(60_000) })) events.push(event);
  return events;
}

function idsOf(events: readonly StoredEvent[]): readonly string[] {
  return events.map(({ event }) => event.id);
}
