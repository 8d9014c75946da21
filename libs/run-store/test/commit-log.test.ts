import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommitLog, FailPoint, readLog, StorageGuard } from '../src/index.ts';
import type { RunFolder, StorageFailure, StorageMended } from '../src/index.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import type { Operation } from './faulty-file-system.ts';
import { newRun, pause, runEntry, stepEntry, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: RunFolder;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  folder = await newRun(temporary.path);
});

const quick = (): StorageGuard => new StorageGuard({ retryMs: 1 });
const segments = async (): Promise<string[]> => (await readdir(folder.path)).filter((name) => name.endsWith('.log')).sort();
const stepsOf = async (): Promise<unknown[]> =>
  (await readLog(folder)).records.map((record) => ('step' in record ? record.step : record.type));

describe('CommitLog.append', () => {
  it('keeps the order of the calls and the hash chain', async () => {
    const log = await CommitLog.create(folder);
    await Promise.all([runEntry, stepEntry(1), stepEntry(2), pause(3)].map((entry) => log.append(entry)));
    await log.close();
    const { records, torn, notes } = await readLog(folder);
    expect({ torn, notes }).toEqual({ torn: undefined, notes: [] });
    expect(records).toMatchObject([{ type: 'run', term: 1 }, { step: 1 }, { step: 2 }, { type: 'control', step: 3, sequence: 3 }]);
  });

  it('resolves when the record is on the disk', async () => {
    const log = await CommitLog.create(folder);
    for (const step of [1, 2, 3]) {
      await log.append(stepEntry(step));
      expect(await stepsOf()).toHaveLength(step);
    }
    await log.close();
  });

  it('writes what has queued up with one write and one sync', async () => {
    const fileSystem = faultyFileSystem();
    const log = await CommitLog.create(folder, { fileSystem });
    await Promise.all([1, 2, 3, 4, 5].map((step) => log.append(stepEntry(step))));
    await log.close();
    const count = (kind: Operation['kind']): number => fileSystem.operations.filter((operation) => operation.kind === kind).length;
    expect({ writes: count('write'), syncs: count('datasync') }).toEqual({ writes: 2, syncs: 2 }); // the first entry does not wait for others
  });

  it('never takes a log that exists', async () => {
    const log = await CommitLog.create(folder);
    await expect(CommitLog.create(folder)).rejects.toMatchObject({ code: 'RUN_ACTIVE', hint: 'resume the run instead' });
    await log.close();
  });

  it('writes nothing more after it was closed', async () => {
    const log = await CommitLog.create(folder);
    await log.append(runEntry);
    await log.close();
    await expect(log.append(stepEntry(1))).rejects.toMatchObject({ code: 'LOG_WRITE' });
    expect(await stepsOf()).toEqual(['run']);
  });

  it('refuses what JSON cannot hold, and goes on', async () => {
    const log = await CommitLog.create(folder);
    await expect(log.append({ ...stepEntry(1), measurements: { loss: Number.NaN } })).rejects.toThrow('measurements.loss');
    await log.append(stepEntry(1));
    await log.close();
    expect(await stepsOf()).toEqual([1]);
  });
});

describe('CommitLog on a disk that fails', () => {
  it.each([
    ['a sync fails', 'datasync', 'EIO'],
    ['the disk is full', 'write', 'ENOSPC'],
    ['the look for a successor fails', 'exists', 'EIO'],
  ] as const)('goes on in a new part when %s, with a descriptor that has not failed', async (_case, kind, code) => {
    const told: string[] = [];
    const guard = new StorageGuard({
      retryMs: 1,
      onFailure: ({ what, error }: StorageFailure) => told.push(`${what}: ${error.message}`),
      onMended: ({ what, attempts }: StorageMended) => told.push(`${what}: works at attempt ${attempts}`),
    });
    const fileSystem = faultyFileSystem((operation) => (operation.kind === kind && operation.count === 2 ? code : undefined));
    const log = await CommitLog.create(folder, { fileSystem, guard });
    for (const step of [1, 2, 3]) await log.append(stepEntry(step));
    await log.close();
    expect(await stepsOf()).toEqual([1, 2, 3]);
    expect(await segments()).toEqual(['commit-000001-01.log', 'commit.log']);
    expect(told).toEqual([
      `commit log: ${code}: injected, ${kind} ${kind === 'exists' ? 'commit-000002.log' : 'commit.log'}`,
      'commit log: works at attempt 2',
    ]);
    const closed = fileSystem.operations.findIndex(({ kind: done, name }) => done === 'close' && name === 'commit.log');
    expect(fileSystem.operations.slice(closed + 1).filter(({ name }) => name === 'commit.log')).toEqual([]);
  });

  it('writes whole records when the system takes a few bytes at a time', async () => {
    const fileSystem = faultyFileSystem(({ kind }) => (kind === 'write' ? { short: 100 } : undefined));
    const log = await CommitLog.create(folder, { fileSystem });
    await Promise.all([1, 2, 3].map((step) => log.append(stepEntry(step))));
    await log.close();
    expect(await stepsOf()).toEqual([1, 2, 3]);
  });

  it('supersedes what a failed part may hold: a record torn by the full disk', async () => {
    const fileSystem = faultyFileSystem(({ kind, count }) => {
      if (kind !== 'write') return undefined;
      return ([undefined, { short: 40 }, 'ENOSPC'] as const)[count - 1];
    });
    const log = await CommitLog.create(folder, { fileSystem, guard: quick() });
    await log.append(stepEntry(1));
    await Promise.all([log.append(stepEntry(2)), log.append(stepEntry(3))]);
    await log.close();
    expect(await stepsOf()).toEqual([1, 2, 3]);
    expect((await readLog(folder)).notes.join()).toContain('the tail is skipped');
  });

  it('leaves one new part behind, however long the disk is full', async () => {
    let full = 0;
    const fileSystem = faultyFileSystem(({ kind, count }) => (kind === 'write' && count > 1 && full++ < 50 ? 'ENOSPC' : undefined));
    const log = await CommitLog.create(folder, { fileSystem, guard: quick() });
    await log.append(stepEntry(1));
    await log.append(stepEntry(2));
    await log.close();
    expect(await stepsOf()).toEqual([1, 2]);
    expect(await segments()).toEqual(['commit-000001-01.log', 'commit.log']);
  });

  it('takes nothing away that the failed part may hold: a successor may have read it', async () => {
    const fileSystem = faultyFileSystem(({ kind, count, name }) => {
      if (kind === 'datasync' && count === 2) return 'EIO';
      return kind === 'write' && name.startsWith('.part') ? { short: 100 } : undefined;
    });
    const held: (readonly string[])[] = [];
    const plan = fileSystem.plan;
    fileSystem.plan = async (operation) => {
      held.push((await readLog(folder)).records.map(({ hash }) => hash));
      return plan(operation);
    };
    const log = await CommitLog.create(folder, { fileSystem, guard: quick() });
    await log.append(runEntry);
    await Promise.all([1, 2, 3].map((step) => log.append(stepEntry(step))));
    await log.close();
    for (let i = 1; i < held.length; i++) expect(held[i].slice(0, held[i - 1].length)).toEqual(held[i - 1]);
  });

  it('rejects all that waits when nobody waits for the disk any more, and everything after', async () => {
    const guard: StorageGuard = new StorageGuard({ retryMs: 3_600_000, onFailure: () => queueMicrotask(() => log.abandon()) });
    const fileSystem = faultyFileSystem(({ kind, count }) => (kind === 'datasync' && count > 1 ? 'EIO' : undefined));
    const log = await CommitLog.create(folder, { fileSystem, guard });
    await log.append(stepEntry(1));
    const waiting = [log.append(stepEntry(2)), log.append(stepEntry(3))];
    for (const appended of waiting)
      await expect(appended).rejects.toMatchObject({ code: 'LOG_WRITE', hint: 'check the free space of the disk' });
    await expect(log.append(stepEntry(4))).rejects.toMatchObject({ code: 'LOG_WRITE' });
    await log.close();
  });

  it('does not wait for what is not the disk', async () => {
    const fileSystem = faultyFileSystem(({ kind, count }) => (kind === 'write' && count === 2 ? 'EBADF' : undefined));
    const log = await CommitLog.create(folder, { fileSystem });
    await log.append(stepEntry(1));
    await expect(log.append(stepEntry(2))).rejects.toMatchObject({ code: 'LOG_WRITE' });
    await log.close();
  });

  it('keeps every record that it has confirmed, and each once, under any faults and crashes', async () => {
    const fault = fc.constantFrom('ENOSPC', 'EIO', { short: 7 }, { short: 300 });
    const faults = fc.dictionary(fc.nat(60).map(String), fault, { maxKeys: 12 });
    const property = fc.asyncProperty(faults, fc.integer({ min: 1, max: 12 }), async (plan, steps) => {
      folder = await newRun(temporary.path);
      let asked = 0;
      const fileSystem = faultyFileSystem(({ kind }) => {
        const chosen = plan[asked++];
        return typeof chosen === 'object' && kind !== 'write' ? undefined : chosen;
      });
      const log = await CommitLog.create(folder, { fileSystem, guard: new StorageGuard({ retryMs: 0 }) }).catch(() => undefined);
      if (log === undefined) return; // the disk failed before there was a run
      const all = [runEntry, ...Array.from({ length: steps }, (_, i) => stepEntry(i + 1))];
      await Promise.all(all.map((entry, i) => (i % 3 === 0 ? log.append(entry) : Promise.resolve().then(() => log.append(entry)))));
      await log.close().catch(() => undefined); // closing may be the call that fails
      const { records, unconnected } = await readLog(folder);
      expect(records.map((record) => ('step' in record ? record.step : 0)).sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
      expect(unconnected).toBe(0);
      const { log: next, found } = await CommitLog.takeOver(folder);
      expect(found.records).toHaveLength(all.length);
      await next.close();
    });
    await fc.assert(property, { numRuns: 40, seed: 5 });
  });
});

describe('fail points of the log', () => {
  class Crash extends Error {}
  const crashing = (setting: string): FailPoint =>
    new FailPoint(setting, () => {
      throw new Crash();
    });

  it.each([
    ['before-append:2', ['run', 1], ''],
    ['torn-append:2', ['run', 1], 'record 2 at byte'],
    ['after-append:2', ['run', 1, 2], ''],
  ])('%s crashes at the second commit', async (setting, left, torn) => {
    const log = await CommitLog.create(folder, { failPoint: crashing(setting) });
    await log.append(runEntry);
    await log.append(stepEntry(1));
    await expect(log.append(stepEntry(2))).rejects.toMatchObject({ cause: expect.any(Crash) });
    expect(await stepsOf()).toEqual(left);
    const { torn: tail = '' } = await readLog(folder);
    expect(tail.slice(0, 'record 2 at byte'.length)).toBe(torn);
    await log.close();
  });

  it('during-take-over leaves a segment without a record, which the next take-over passes over', async () => {
    const log = await CommitLog.create(folder);
    await log.append(runEntry);
    await log.close();
    await expect(CommitLog.takeOver(folder, { failPoint: crashing('during-take-over') })).rejects.toMatchObject({
      cause: expect.any(Crash),
    });
    expect(await readFile(join(folder.path, 'commit-000002.log'))).toHaveLength(0);
    const taken = await CommitLog.takeOver(folder);
    expect(taken.term).toBe(3);
    expect(taken.found.records).toHaveLength(1);
    await taken.log.close();
  });
});

describe('readLog', () => {
  it('reads a log of version 1, which had one file and no format', async () => {
    const { format: _format, ...old } = runEntry;
    const log = await CommitLog.create(folder);
    await log.append(old);
    await log.append(stepEntry(1));
    await log.close();
    const bytes = await readFile(folder.file('commit.log'));
    const copy = await newRun(temporary.path);
    await writeFile(copy.file('commit.log'), bytes);
    expect((await readLog(copy)).records).toHaveLength(2);
    const { term, log: next } = await CommitLog.takeOver(copy);
    expect(term).toBe(2);
    await next.close();
  });
});
