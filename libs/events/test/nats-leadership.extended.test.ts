/** The lease and the copy of the commit log on a real nats-server. */
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, NatsLease, NatsLogMirror, NatsLogMirrorReader, readNatsOptions } from '../src/index.ts';
import type { LeaseHolder, NatsClient, NatsOptions, StoredRecord } from '../src/index.ts';
import { LeaseProcess } from './lease-process.ts';
import { appendAtLast, chainOf, recordOf } from './mirrored-records.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: lease and log mirror on a server: ${reason}\n`);

const LEASE_MS = 900;
const holderOf = (leader: string): LeaseHolder => ({ leader, address: `${leader}:1`, folder: leader, leaseMs: LEASE_MS });
const forever = new AbortController().signal;

function optionsOf(server: NatsServer): NatsOptions {
  const options = readNatsOptions({ url: server.url, env: {} });
  if (options === undefined) throw new Error('options: expected those of the server, got none');
  return options;
}

describe.skipIf(reason !== undefined)('leadership on a server', () => {
  let server: NatsServer;
  let clients: NatsClient[] = [];
  const connect = async (name: string): Promise<NatsClient> => {
    const client = await connectNats(optionsOf(server), { name });
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    server = await NatsServer.start();
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
    await server.stop();
  });

  describe('NatsLease', () => {
    it('has one winner among several that come at the same time', async () => {
      const leases = await Promise.all(['a', 'b', 'c', 'd'].map(async (leader) => new NatsLease(await connect(leader), holderOf(leader))));
      const abort = new AbortController();
      const acquired = leases.map((lease) => lease.acquire(abort.signal));
      await Promise.race(acquired);
      await expect.poll(() => leases.every(({ holder }) => holder !== undefined)).toBe(true);
      expect(leases.filter(({ isHeld }) => isHeld)).toHaveLength(1);
      expect(new Set(leases.map(({ holder }) => holder?.leader)).size).toBe(1);
      abort.abort(new Error('enough'));
      const outcomes = await Promise.allSettled(acquired);
      expect(outcomes.filter(({ status }) => status === 'rejected').map((one) => (one as PromiseRejectedResult).reason)).toEqual(
        Array.from({ length: 3 }, () => abort.signal.reason),
      );
      await Promise.all(leases.map((lease) => lease.release()));
    });

    it('goes to a standby within lease + 2 s when its holder’s process is stopped, which learns of it when it goes on', async () => {
      const first = new LeaseProcess(server.url, 'first', LEASE_MS);
      try {
        expect(await first.says()).toBe('won');
        const second = new NatsLease(await connect('second'), holderOf('second'));
        const acquired = second.acquire(forever);
        await expect.poll(() => second.holder?.leader).toBe('first');
        first.signal('SIGSTOP');
        const stopped = performance.now();
        await acquired;
        expect(performance.now() - stopped).toBeLessThan(LEASE_MS + 2000);
        expect(second.isHeld).toBe(true);
        first.signal('SIGCONT');
        expect(await first.says()).toBe('lost to second');
        expect(second.isHeld).toBe(true);
        await second.release();
      } finally {
        await first.end();
      }
    });

    it('goes on at once when it is let go of', async () => {
      const first = new NatsLease(await connect('first'), holderOf('first'));
      await first.acquire(forever);
      const second = new NatsLease(await connect('second'), holderOf('second'));
      const acquired = second.acquire(forever);
      await expect.poll(() => second.holder?.leader).toBe('first');
      const from = performance.now();
      await first.release();
      await acquired;
      expect(performance.now() - from).toBeLessThan(LEASE_MS);
      expect([first.isHeld, second.isHeld]).toEqual([false, true]);
      await second.release();
    });

    it('stays where it is when the server is killed and comes back later than the lease', async () => {
      const first = new NatsLease(await connect('first'), holderOf('first'));
      await first.acquire(forever);
      const second = new NatsLease(await connect('second'), holderOf('second'));
      const abort = new AbortController();
      const acquired = second.acquire(abort.signal).catch((error: unknown) => error);
      await expect.poll(() => second.holder?.leader).toBe('first');
      await server.kill();
      const until = performance.now() + 2 * LEASE_MS;
      await expect.poll(() => performance.now() > until, { timeout: 10_000 }).toBe(true);
      await server.restart();
      const manager = clients[1].manager;
      await clients[1].connected();
      const revision = async (): Promise<number> =>
        (await manager.streams.getMessage('KV_gd_lease_main', { last_by_subj: '$KV.gd_lease_main.coordinator' }))?.seq ?? 0;
      await expect.poll(() => revision().catch(() => 0), { timeout: 10_000 }).toBeGreaterThan(0);
      const before = await revision();
      await expect.poll(revision, { timeout: 10_000 }).toBeGreaterThan(before + 3);
      expect([first.isHeld, second.isHeld, second.holder?.leader]).toEqual([true, false, 'first']);
      abort.abort();
      await acquired;
      await first.release();
    });
  });

  describe('NatsLogMirror', () => {
    it('lets one of two leaders append, and names the other’s term', async () => {
      const [first, second] = [new NatsLogMirror(await connect('first'), 'r1'), new NatsLogMirror(await connect('second'), 'r1')];
      const [run, mine, others] = [recordOf(0, 1), recordOf(1, 2, recordOf(0, 1).hash), recordOf(1, 3, recordOf(0, 1).hash)];
      expect(await first.last()).toBeUndefined();
      await first.append(run);
      await second.append(others);
      await expect(first.append(mine)).rejects.toMatchObject({ code: 'FENCED', message: expect.stringContaining('of term 3') });
      await expect(first.append(mine)).rejects.toMatchObject({ code: 'FENCED' });
      expect(await first.last()).toMatchObject({ ...others, run: 'r1', position: 2, bytes: expect.any(Uint8Array) });
      await second.append(others); // stored already
      expect((await second.last())?.position).toBe(2);
    });

    it('refuses a message that is no record', async () => {
      const client = await connect('first');
      await ensureStreams(client, { ha: true });
      await client.jetstream.publish('gd.cm.main.r1', 'no record');
      await expect(new NatsLogMirror(client, 'r1').last()).rejects.toMatchObject({ code: 'INVALID' });
    });

    it('is whole, and read once and in order, across a SIGKILL of the server in the middle', async () => {
      const [leader, standby] = [await connect('leader'), await connect('standby')];
      const records = chainOf(300);
      const abort = new AbortController();
      const read: StoredRecord[] = [];
      const following = (async () => {
        for await (const record of new NatsLogMirrorReader(standby).follow({ signal: abort.signal })) read.push(record);
      })();
      const mirror = new NatsLogMirror(leader, 'r1');
      let restarted: Promise<void> | undefined;
      for (const record of records) {
        if (record.sequence === 150) restarted = server.kill().then(() => server.restart());
        await appendAtLast(mirror, leader, record);
      }
      await restarted;
      await expect.poll(() => read.length, { timeout: 30_000 }).toBe(records.length);
      expect(read.map(({ hash, bytes }) => [hash, Buffer.from(bytes).toString()])).toEqual(
        records.map(({ hash, bytes }) => [hash, Buffer.from(bytes).toString()]),
      );
      abort.abort();
      await following;
      const again: StoredRecord[] = [];
      const options = { after: read[9].position, untilNow: true, signal: forever };
      for await (const record of new NatsLogMirrorReader(leader).follow(options)) again.push(record);
      expect(again).toEqual(read.slice(10));
    });
  });
});
