import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplicaQueue } from '../src/index.ts';
import type { CopyPort, ReplicaQueueOptions, RunStoreError } from '../src/index.ts';
import { Chain, CopyServer } from './copy-server.ts';
import type { CopyFault } from './copy-server.ts';
import { pause, runEntry, signal, stepEntry } from './fixtures.ts';

/** A queue whose local log is what `local` holds now. */
function queueOf(port: CopyPort, local: Chain, options: Partial<ReplicaQueueOptions> = {}): ReplicaQueue {
  const reread = async (from: number): Promise<Chain['records']> => local.records.slice(from);
  return new ReplicaQueue({ name: 'the copy', port, reread, pauseMs: () => 0, ...options });
}

const hashes = (records: readonly { hash: string }[]): string[] => records.map(({ hash }) => hash);
const term = (leader: string): { type: 'term'; leader: string; step: number } => ({ type: 'term', leader, step: 0 });
const faults = fc.array(fc.constantFrom<(CopyFault | undefined)[]>('refused', 'lost', 'late', undefined, undefined), { maxLength: 40 });
const planOf = (list: readonly (CopyFault | undefined)[]): (() => CopyFault | undefined) => {
  let asked = 0;
  return () => list.at(asked++);
};

describe('ReplicaQueue', () => {
  it('copies records in order, and admits one behind all that were offered', async () => {
    const [server, log] = [new CopyServer(), new Chain()];
    const queue = queueOf(server.port(), log);
    await queue.admit(log.add(1, runEntry)[0]);
    queue.offer(log.add(1, stepEntry(1), stepEntry(2)));
    await queue.admit(log.add(1, pause(3))[0]);
    expect(hashes(server.stored)).toEqual(hashes(log.records));
    expect(queue.status).toEqual({ behind: 0, behindBytes: 0, isWaiting: false });
  });

  it('says how far the copy is behind, of its first failure, and when it works again', async () => {
    const [server, log] = [new CopyServer(), new Chain()];
    const told: string[] = [];
    let isAway = true;
    const failed = signal();
    const queue = queueOf(
      server.port(() => (isAway ? 'refused' : undefined)),
      log,
      {
        onTrouble: ({ message }) => {
          told.push(message);
          failed.give();
        },
        onMended: () => told.push('mended'),
      },
    );
    const records = log.add(1, runEntry, stepEntry(1));
    queue.offer(records);
    await failed.given;
    const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
    expect(queue.status).toEqual({ behind: 2, behindBytes: bytes, isWaiting: true });
    expect(await queue.flush(0)).toBe(false);
    isAway = false;
    expect(await queue.flush(60_000)).toBe(true);
    expect(told).toEqual(['no answer', 'mended']);
  });

  it('is ready when the copy answers and has all: not during an outage', async () => {
    const [server, log] = [new CopyServer(), new Chain()];
    let isAway = false;
    const failed = signal();
    const queue = queueOf(
      server.port(() => (isAway ? 'refused' : undefined)),
      log,
      { onTrouble: failed.give },
    );
    await queue.ready(); // nothing was given yet
    queue.offer(log.add(1, runEntry));
    await queue.ready();
    expect(server.stored).toHaveLength(1);
    isAway = true;
    let isReady = false;
    const ready = queue.ready().then(() => (isReady = true));
    await failed.given;
    expect(isReady).toBe(false);
    isAway = false;
    await ready;
  });

  it('copies what was written before this process, and before there was a copy', async () => {
    for (const there of [0, 1, 3, 4]) {
      const [server, log] = [new CopyServer(), new Chain()];
      log.add(1, runEntry, stepEntry(1), stepEntry(2), stepEntry(3));
      server.stored.push(...log.records.slice(0, there));
      const queue = queueOf(server.port(), log.fork(4));
      const [first] = log.add(2, term('again'));
      await queue.admit(first);
      expect(hashes(server.stored)).toEqual(hashes(log.records));
    }
  });

  it('is deposed by a record of a later term, of another chain, or behind its own', async () => {
    const base = new Chain();
    base.add(1, runEntry, stepEntry(1));
    const foreign = base.fork(2);
    foreign.add(3, term('other'), stepEntry(2));
    for (const found of [foreign.records.slice(0, 3), foreign.records]) {
      const [server, log] = [new CopyServer(), base.fork(2)];
      server.stored.push(...found);
      const queue = queueOf(server.port(), base);
      const deposed = { code: 'LOG_DEPOSED', message: expect.stringContaining('term 3') };
      await expect(queue.admit(log.add(2, term('late'))[0])).rejects.toMatchObject(deposed);
      expect(queue.deposed).toMatchObject(deposed);
      await expect(queue.ready()).rejects.toMatchObject(deposed);
      queue.offer(log.add(2, stepEntry(2)));
      expect(server.stored).toHaveLength(found.length);
      expect(await queue.flush(1000)).toBe(false);
    }
  });

  it('is found deposed when it looks, with nothing to copy', async () => {
    const [server, log] = [new CopyServer(), new Chain()];
    const queue = queueOf(server.port(), log);
    queue.offer(log.add(1, runEntry, stepEntry(1)));
    await queue.ready();
    server.stored.push(...log.fork(2).add(2, term('other')));
    await expect(queue.ready()).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
  });

  it('rejects what waits when it is closed', async () => {
    const [server, log] = [new CopyServer(), new Chain()];
    const queue = queueOf(
      server.port(() => 'refused'),
      log,
      { pauseMs: () => 3_600_000, onTrouble: () => queueMicrotask(() => queue.close()) },
    );
    const waiting = [queue.admit(log.add(1, runEntry)[0]), queue.ready()];
    for (const wait of waiting) await expect(wait).rejects.toMatchObject({ code: 'LOG_WRITE' });
    await expect(queue.ready()).rejects.toMatchObject({ code: 'LOG_WRITE' });
    expect(queue.deposed).toBeUndefined();
  });

  it('copies everything once, in order, whatever fails, however little fits into memory, wherever the copy began', async () => {
    const operation = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('admit' as const));
    const property = fc.asyncProperty(
      fc.record({
        faults,
        operations: fc.array(operation, { maxLength: 12 }),
        memoryBytes: fc.nat(3000),
        old: fc.nat(6),
        there: fc.nat(6),
      }),
      async ({ faults: list, operations, memoryBytes, old, there }) => {
        const [server, log, local] = [new CopyServer(), new Chain(), new Chain()];
        log.add(1, runEntry, ...Array.from({ length: old }, (_, i) => stepEntry(i + 1)));
        local.records.push(...log.records);
        server.stored.push(...log.records.slice(0, there));
        const queue = queueOf(server.port(planOf(list)), local, { memoryBytes });
        let step = old;
        for (const wanted of ['admit' as const, ...operations]) {
          const records = log.add(2, ...Array.from({ length: wanted === 'admit' ? 1 : wanted }, () => stepEntry(++step)));
          if (wanted === 'admit') await queue.admit(records[0]);
          const newest = server.stored.at(-1)?.hash;
          expect(wanted !== 'admit' || newest === records[0].hash).toBe(true);
          local.records.push(...records);
          if (wanted !== 'admit') queue.offer(records);
          expect(hashes(server.stored)).toEqual(hashes(log.records.slice(0, server.stored.length)));
        }
        await queue.ready();
        expect(hashes(server.stored)).toEqual(hashes(log.records));
        expect(queue.status).toEqual({ behind: 0, behindBytes: 0, isWaiting: false });
      },
    );
    await fc.assert(property, { numRuns: 100, seed: 6 });
  });

  it('lets one of several leaders in, whatever fails; the others are deposed and leave nothing behind', async () => {
    const leader = fc.record({ faults, tail: fc.nat(4) });
    const property = fc.asyncProperty(fc.array(leader, { minLength: 2, maxLength: 4 }), fc.nat(4), async (leaders, old) => {
      const [server, log] = [new CopyServer(), new Chain()];
      log.add(1, runEntry, ...Array.from({ length: old }, (_, i) => stepEntry(i + 1)));
      server.stored.push(...log.records);
      const chains = leaders.map(() => log.fork(old + 1));
      const locals = leaders.map(() => log.fork(old + 1));
      const outcomes = await Promise.allSettled(
        leaders.map(async ({ faults: list, tail }, i) => {
          const queue = queueOf(server.port(planOf(list)), locals[i]);
          await queue.admit(chains[i].add(2 + i, term(`leader ${i}`))[0]);
          locals[i].records.push(...chains[i].records.slice(-1));
          const records = chains[i].add(2 + i, ...Array.from({ length: tail }, (_, k) => stepEntry(old + 1 + k)));
          locals[i].records.push(...records);
          queue.offer(records);
          await queue.ready();
        }),
      );
      const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
      expect(winners).toHaveLength(1);
      const refusals = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => (reason as RunStoreError).code);
      expect(new Set(refusals)).toEqual(new Set(['LOG_DEPOSED']));
      expect(hashes(server.stored)).toEqual(hashes(chains[winners[0]].records));
    });
    await fc.assert(property, { numRuns: 40, seed: 7 });
  });

  it('keeps the copy one chain when a leader that was away writes on while another takes over', async () => {
    const property = fc.asyncProperty(faults, faults, fc.nat(5), async (first, second, steps) => {
      const server = new CopyServer();
      const old = new Chain();
      const oldQueue = queueOf(server.port(planOf(first)), old);
      await oldQueue.admit(old.add(1, runEntry)[0]);
      const next = old.fork(1);
      const newQueue = queueOf(server.port(planOf(second)), old.fork(1));
      oldQueue.offer(old.add(1, ...Array.from({ length: steps }, (_, i) => stepEntry(i + 1))));
      const taken = await newQueue.admit(next.add(2, term('second'))[0]).then(
        () => true,
        () => false,
      );
      const stood = await oldQueue.ready().then(
        () => true,
        () => false,
      );
      expect(taken && stood).toBe(false);
      expect(taken || stood).toBe(true);
      expect(hashes(server.stored)).toEqual(hashes((taken ? next : old).records));
    });
    await fc.assert(property, { numRuns: 60, seed: 8 });
  });
});
