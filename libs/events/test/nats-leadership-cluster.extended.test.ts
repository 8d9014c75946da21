/** The lease and the copy of the commit log on three nats-servers, one of which is killed: the one that leads their streams. */
import { NatsCluster, natsServerReason } from '@geodesic/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectNats, NatsLease, NatsLogMirror, NatsLogMirrorReader, readNatsOptions } from '../src/index.ts';
import type { LeaseHolder, NatsClient, NatsOptions } from '../src/index.ts';
import { appendAtLast, chainOf } from './mirrored-records.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: lease and log mirror on three servers: ${reason}\n`);

const holderOf = (leader: string): LeaseHolder => ({ leader, address: `${leader}:1`, folder: leader, leaseMs: 3000 });

describe.skipIf(reason !== undefined)('leadership on three servers', () => {
  let cluster: NatsCluster;
  const clients: NatsClient[] = [];
  const connect = async (name: string): Promise<NatsClient> => {
    const env = { GEODESIC_NATS_REPLICAS: '3' };
    const client = await connectNats(readNatsOptions({ url: cluster.urls.join(','), env }) as NatsOptions, { name });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    cluster = await NatsCluster.start(3);
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await cluster?.stop();
  });

  it('leaves the lease with its holder when the server that leads it is killed, and lets it go on later', async () => {
    const first = new NatsLease(await connect('first'), holderOf('first'));
    await first.acquire(new AbortController().signal);
    const watcher = await connect('second');
    const second = new NatsLease(watcher, holderOf('second'));
    const acquired = second.acquire(new AbortController().signal);
    await expect.poll(() => second.holder?.leader).toBe('first');
    const revision = async (): Promise<number> => {
      const query = { last_by_subj: '$KV.gd_lease_main.coordinator' };
      return watcher.manager.streams.getMessage('KV_gd_lease_main', query).then(
        (found) => found?.seq ?? 0,
        () => 0, // no leader at the moment
      );
    };
    const before = await revision();
    const killed = await cluster.leaderOf('KV_gd_lease_main');
    await killed.kill();
    await expect.poll(revision, { timeout: 60_000, interval: 200 }).toBeGreaterThan(before + 3);
    expect([first.isHeld, second.isHeld, second.holder?.leader]).toEqual([true, false, 'first']);
    await killed.restart();
    await first.release();
    await acquired;
    expect([first.isHeld, second.isHeld]).toEqual([false, true]);
    await second.release();
  });

  it('has every record of a copy once when the server that leads it is killed in the middle', async () => {
    const [leader, standby] = [await connect('leader'), await connect('standby')];
    const records = chainOf(200);
    const mirror = new NatsLogMirror(leader, 'r1');
    for (const record of records.slice(0, 100)) await appendAtLast(mirror, leader, record);
    const killed = (await cluster.leaderOf('GD_COMMIT_main')).kill();
    for (const record of records.slice(100)) await appendAtLast(mirror, leader, record);
    await killed;
    const read: string[] = [];
    const options = { untilNow: true, signal: AbortSignal.timeout(30_000) };
    for await (const { hash } of new NatsLogMirrorReader(standby).follow(options)) read.push(hash);
    expect(read).toEqual(records.map(({ hash }) => hash));
  });
});
