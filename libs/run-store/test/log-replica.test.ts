import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogEntry } from '@geodesic/cluster';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommitLog, needsAdmission, readLog, replicatedRecord, ReplicaQueue, rereadLog, RunStoreError } from '../src/index.ts';
import type { LogReplica, ReplicatedRecord, RunFolder } from '../src/index.ts';
import { CopyServer } from './copy-server.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import { hastyFileSystem as fileSystem, newRun, pause, runEntry, signal, stepEntry, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: RunFolder;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  folder = await newRun(temporary.path);
});

const deposed = new RunStoreError('LOG_DEPOSED', { what: 'copy', expected: 'mine', got: 'another’s', hint: 'leave' });
const stored = async (): Promise<number[]> => (await readLog(folder)).records.map(({ sequence }) => sequence);

/** A replica that tells what it is asked, and admits when the test says so. */
class ToldReplica implements LogReplica {
  readonly told: string[] = [];
  deposed: RunStoreError | undefined;
  admission: (record: ReplicatedRecord) => Promise<void> = async () => undefined;
  offer(records: readonly ReplicatedRecord[]): void {
    this.told.push(...records.map(({ sequence }) => `offer ${sequence}`));
  }
  admit(record: ReplicatedRecord): Promise<void> {
    this.told.push(`admit ${record.sequence}`);
    return this.admission(record);
  }
  async ready(): Promise<void> {}
}

const queueFor = (server: CopyServer, run: RunFolder): ReplicaQueue =>
  new ReplicaQueue({ name: 'copy', port: server.port(), reread: (from) => rereadLog(run, from, fileSystem), pauseMs: () => 0 });

describe('needsAdmission', () => {
  const fingerprint: LogEntry = { type: 'fingerprint', fingerprint: {} };
  const finished = (state: 'completed' | 'stopped' | 'failed'): LogEntry => ({
    type: 'finished',
    state,
    step: 1,
    version: 1,
    chain: 'c',
    paramsDigest: 'p',
  });
  it.each<[string, LogEntry, boolean, boolean]>([
    ['run', runEntry, true, true],
    ['term', { type: 'term', leader: 'l', step: 0 }, true, true],
    ['control', pause(1), true, true],
    ['fingerprint', fingerprint, false, false],
    ['rebased fingerprint', { ...fingerprint, rebased: true }, true, true],
    ['step', stepEntry(1), false, true],
    ['completed', finished('completed'), false, true],
    ['stopped', finished('stopped'), true, true],
    ['failed', finished('failed'), true, true],
  ])('of %s', (_name, entry, exact, relaxed) => {
    expect([needsAdmission(entry, false), needsAdmission(entry, true)]).toEqual([exact, relaxed]);
  });
});

describe('CommitLog with a replica', () => {
  it('writes what only one leader may write after it was admitted, offers the rest after it was written, and keeps the order', async () => {
    const replica = new ToldReplica();
    const files = faultyFileSystem(({ kind }) => {
      if (kind === 'datasync') replica.told.push('sync');
      return undefined;
    });
    const log = await CommitLog.create(folder, { replica, fileSystem: files });
    await Promise.all([runEntry, stepEntry(1), stepEntry(2), pause(3), stepEntry(3)].map((entry) => log.append(entry)));
    await log.close();
    expect(replica.told).toEqual(['admit 0', 'sync', 'sync', 'offer 1', 'offer 2', 'admit 3', 'sync', 'offer 4']);
    expect(await stored()).toEqual([0, 1, 2, 3, 4]);
  });

  it('admits every commit of a relaxed run, which record 0 or the options name', async () => {
    for (const relaxed of [true, false]) {
      folder = await newRun(temporary.path);
      const replica = new ToldReplica();
      const log = await CommitLog.create(folder, { replica, fileSystem, ...(!relaxed && { isRelaxed: true }) });
      await log.append(relaxed ? { ...runEntry, exactness: 'relaxed' } : runEntry);
      await log.append(stepEntry(1));
      await log.close();
      expect(replica.told).toEqual(['admit 0', 'admit 1']);
      const taken = await CommitLog.takeOver(folder, { replica, fileSystem, ...(!relaxed && { isRelaxed: true }) });
      await taken.log.append(stepEntry(2));
      await taken.log.close();
      expect(replica.told.slice(2)).toEqual(['admit 2', 'admit 3']);
    }
  });

  it('lets what is behind an admission wait, and writes nothing of it', async () => {
    const replica = new ToldReplica();
    const log = await CommitLog.create(folder, { replica, fileSystem });
    await log.append(runEntry);
    const goOn = signal();
    replica.admission = () => goOn.given;
    const [asked, behind] = [log.append(pause(1)), log.append(stepEntry(1))];
    await expect.poll(() => replica.told).toContain('admit 1');
    expect(await stored()).toEqual([0]);
    goOn.give();
    await Promise.all([asked, behind]);
    expect(await stored()).toEqual([0, 1, 2]);
    await log.close();
  });

  it('is deposed when the copy refuses, from that call on, and writes nothing of it', async () => {
    const replica = new ToldReplica();
    const log = await CommitLog.create(folder, { replica, fileSystem });
    await log.append(runEntry);
    replica.admission = () => Promise.reject(deposed);
    await expect(log.append(pause(1))).rejects.toBe(deposed);
    await expect(log.append(stepEntry(1))).rejects.toBe(deposed);
    await log.close();
    expect(await stored()).toEqual([0]);
  });

  it('is deposed when the copy turns out to be another’s behind its back: for steps, and when it looks', async () => {
    const replica = new ToldReplica();
    const log = await CommitLog.create(folder, { replica, fileSystem });
    await log.append(runEntry);
    await log.confirm();
    replica.deposed = deposed;
    await expect(log.confirm()).rejects.toBe(deposed);
    await expect(log.append(stepEntry(1))).rejects.toBe(deposed);
    await log.close();
  });

  it('waits for an admission no longer when it is abandoned', async () => {
    const replica = new ToldReplica();
    const log = await CommitLog.create(folder, { replica, fileSystem });
    await log.append(runEntry);
    replica.admission = () => new Promise(() => undefined);
    const waiting = [log.append(pause(1)), log.append(stepEntry(1))];
    await expect.poll(() => replica.told).toContain('admit 1');
    log.abandon();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'LOG_WRITE', message: expect.stringContaining('admitted') });
    await expect(log.append(pause(1))).rejects.toMatchObject({ code: 'LOG_WRITE' });
    await log.close();
    const next = await CommitLog.takeOver(folder, { fileSystem });
    next.log.abandon();
    await next.log.close();
  });
});

describe('CommitLog.takeOver with a replica', () => {
  it('has its record `term` in the copy before it has it on the disk, behind all that the copy lacked', async () => {
    const server = new CopyServer();
    const first = await CommitLog.create(folder, { replica: queueFor(server, folder), fileSystem });
    await first.append(runEntry);
    await first.close();
    const alone = await CommitLog.takeOver(folder, { fileSystem });
    for (const step of [1, 2]) await alone.log.append(stepEntry(step));
    await alone.log.close();
    expect(server.stored).toHaveLength(1);
    const queue = queueFor(server, folder);
    const { log } = await CommitLog.takeOver(folder, { replica: queue, fileSystem });
    await log.append(stepEntry(3));
    expect(await queue.flush(10_000)).toBe(true);
    await log.close();
    const { records } = await readLog(folder);
    expect(server.stored.map(({ hash }) => hash)).toEqual(records.map(({ hash }) => hash));
    expect(Buffer.concat(server.stored.slice(1, 4).map(({ bytes }) => bytes))).toEqual(
      await readFile(join(folder.path, 'commit-000002.log')),
    );
    expect(records.map(replicatedRecord)).toEqual(server.stored);
  });

  it('leaves an empty segment when the copy refuses, and the next one passes it by', async () => {
    const server = new CopyServer();
    const first = await CommitLog.create(folder, { replica: queueFor(server, folder), fileSystem });
    await first.append(runEntry);
    await first.close();
    const refusing: LogReplica = { offer: () => undefined, admit: () => Promise.reject(deposed), ready: async () => undefined };
    await expect(CommitLog.takeOver(folder, { replica: refusing, fileSystem })).rejects.toBe(deposed);
    expect(await readFile(join(folder.path, 'commit-000002.log'))).toHaveLength(0);
    const { log, term, found } = await CommitLog.takeOver(folder, { replica: queueFor(server, folder), fileSystem });
    expect([term, found.records.length]).toEqual([3, 1]);
    await log.close();
    expect((await readdir(folder.path)).filter((name) => name.startsWith('commit-'))).toHaveLength(2);
  });
});
