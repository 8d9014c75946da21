import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommitLog, readLog, RunFolder, StorageGuard } from '../src/index.ts';
import type { RunStoreError } from '../src/index.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import { hastyFileSystem, newRun, pause, runEntry, signal, stepEntry, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: RunFolder;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  folder = await newRun(temporary.path);
});

const names = (records: readonly { type: string }[]): unknown[] =>
  records.map((record) => (record.type === 'step' && 'step' in record ? record.step : record.type));

async function begun(steps: number): Promise<CommitLog> {
  const log = await CommitLog.create(folder);
  await log.append(runEntry);
  for (let step = 1; step <= steps; step++) await log.append(stepEntry(step));
  return log;
}

describe('CommitLog.takeOver', () => {
  it('claims the next term, finds what there is, and says in its first record where it goes on', async () => {
    await (await begun(3)).close();
    const { log, found, term } = await CommitLog.takeOver(folder, { leader: 'second' });
    expect([term, names(found.records)]).toEqual([2, ['run', 1, 2, 3]]);
    await log.append(stepEntry(4));
    await log.close();
    const { records } = await readLog(folder);
    expect(names(records)).toEqual(['run', 1, 2, 3, 'term', 4]);
    expect(records[4]).toMatchObject({ type: 'term', leader: 'second', step: 3, term: 2, sequence: 4, previous: records[3].hash });
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.log')).sort()).toEqual(['commit-000002.log', 'commit.log']);
  });

  it('is noticed by a leader that has nothing to append, when it looks', async () => {
    const old = await begun(1);
    await expect(old.confirm()).resolves.toBeUndefined();
    const { log: next } = await CommitLog.takeOver(folder);
    await expect(old.confirm()).rejects.toMatchObject({ code: 'LOG_DEPOSED', message: expect.stringContaining('term 2') });
    await expect(next.confirm()).resolves.toBeUndefined();
    await Promise.all([old.close(), next.close()]);
  });

  it('deposes a leader that is still there: what it has announced stays, what it says now is nobody’s', async () => {
    const old = await begun(2);
    const { log: next, found } = await CommitLog.takeOver(folder);
    expect(names(found.records)).toEqual(['run', 1, 2]);
    await expect(old.append(stepEntry(3))).rejects.toMatchObject({ code: 'LOG_DEPOSED', message: expect.stringContaining('term 2') });
    await expect(old.append(stepEntry(4))).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    await next.append(stepEntry(3));
    await Promise.all([old.close(), next.close()]);
    const { records, unconnected } = await readLog(folder);
    expect(names(records)).toEqual(['run', 1, 2, 'term', 3]); // it has written to a file that has no name any more
    expect(unconnected).toBe(0);
  });

  it('finds what a leader wrote, whichever of the two was first, when it comes between a write and the look for a successor', async () => {
    const paused = signal();
    const goOn = signal();
    const fileSystem = faultyFileSystem(async ({ kind, count }) => {
      if (kind === 'exists' && count === 3) {
        paused.give();
        await goOn.given;
      }
      return undefined;
    });
    const old = await CommitLog.create(folder, { fileSystem });
    await old.append(runEntry);
    await old.append(stepEntry(1));
    const second = old.append(stepEntry(2));
    await paused.given;
    const { log: next, found } = await CommitLog.takeOver(folder);
    goOn.give();
    expect(names(found.records)).toEqual(['run', 1, 2]);
    await expect(second).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    await Promise.all([old.close(), next.close()]);
  });

  it('deposes a leader whose disk has failed without leaving a part', async () => {
    const fileSystem = faultyFileSystem(async ({ kind, count }) => {
      if (kind !== 'datasync' || count !== 2) return undefined;
      const { log } = await CommitLog.takeOver(folder);
      await log.close();
      return 'EIO';
    });
    const old = await CommitLog.create(folder, { fileSystem, guard: new StorageGuard({ retryMs: 1 }) });
    await old.append(runEntry);
    await expect(old.append(stepEntry(1))).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    expect(await readdir(folder.path)).not.toContain('commit-000001-01.log');
    await old.close();
  });

  it('has one winner when several processes come at the same time', async () => {
    await (await begun(1)).close();
    const attempts = await Promise.allSettled([1, 2, 3, 4].map(() => CommitLog.takeOver(folder)));
    const won = attempts.filter((attempt) => attempt.status === 'fulfilled').map(({ value }) => value.log);
    const lost = attempts.filter((attempt) => attempt.status === 'rejected').map(({ reason }) => (reason as RunStoreError).code);
    expect(won.length).toBeGreaterThan(0);
    for (const code of lost) expect(['RUN_ACTIVE', 'LOG_DEPOSED']).toContain(code);
    const answers = await Promise.allSettled(won.map((log) => log.append(stepEntry(2))));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(won.map((log) => log.close()));
    expect(names((await readLog(folder)).records).filter((name) => name === 2)).toEqual([2]);
  });

  /** A run with the given segments. */
  async function folderOf(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<RunFolder> {
    const copy = new RunFolder(name, join(folder.path, name));
    await mkdir(copy.path);
    for (const [file, bytes] of Object.entries(files)) await writeFile(join(copy.path, file), bytes);
    return copy;
  }

  it('goes on from the last whole record, at whichever byte the last one was torn', async () => {
    const first = await begun(1);
    const { length: shorter } = await readFile(folder.file('commit.log'));
    await first.append(stepEntry(2));
    await first.close();
    const whole = await readFile(folder.file('commit.log'));
    for (let length = shorter; length < whole.length; length++) {
      const copy = await folderOf(`cut-${length}`, { 'commit.log': whole.subarray(0, length) });
      const { log, found } = await CommitLog.takeOver(copy, { fileSystem: hastyFileSystem });
      expect(names(found.records)).toEqual(['run', 1]);
      await log.close();
      expect(names((await readLog(copy)).records)).toEqual(['run', 1, 'term']);
    }
  });

  it('goes on after crashes of later terms, at whichever byte their first record was torn', async () => {
    await (await begun(1)).close();
    await (await CommitLog.takeOver(folder, { leader: 'x' })).log.close();
    const [one, two] = [await readFile(folder.file('commit.log')), await readFile(join(folder.path, 'commit-000002.log'))];
    for (let length = 0; length < two.length; length++) {
      const copy = await folderOf(`cut-${length}`, { 'commit.log': one, 'commit-000002.log': two.subarray(0, length) });
      const { log, found, term } = await CommitLog.takeOver(copy, { fileSystem: hastyFileSystem });
      expect([term, names(found.records)]).toEqual([3, ['run', 1]]);
      await log.close();
    }
  });

  it('makes durable what it goes on from', async () => {
    await (await begun(1)).close();
    const fileSystem = faultyFileSystem();
    const { log } = await CommitLog.takeOver(folder, { fileSystem });
    await log.close();
    const order = fileSystem.operations.map(({ kind, name }) => `${kind} ${name}`);
    const copy = '.copy-for-2-of-commit.log';
    const places = ['open commit-000002.log', `write ${copy}`, `datasync ${copy}`, 'rename commit.log', 'write commit-000002.log'];
    expect(order.filter((operation) => places.includes(operation))).toEqual(places);
    expect(order[order.indexOf('rename commit.log') + 1]).toMatch(/^syncFolder /);
  });

  it('claims nothing in a folder whose log does not say what the run is', async () => {
    await expect(CommitLog.takeOver(folder)).rejects.toMatchObject({ code: 'RUN_DAMAGED' });
    await (await CommitLog.create(folder)).close();
    await expect(CommitLog.takeOver(folder)).rejects.toMatchObject({ code: 'RUN_DAMAGED' });
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.log'))).toEqual(['commit.log']);
  });

  it('refuses a newer format with both numbers', async () => {
    const log = await CommitLog.create(folder);
    await log.append({ ...runEntry, format: 99 });
    await log.close();
    await expect(CommitLog.takeOver(folder)).rejects.toThrow(/format 2 or older, got format 99/);
  });

  it('refuses a log that has lost records which were durable', async () => {
    await (await begun(2)).close();
    const { log } = await CommitLog.takeOver(folder);
    await log.close();
    await truncate(folder.file('commit.log'), 600);
    await expect(CommitLog.takeOver(folder)).rejects.toMatchObject({
      code: 'RUN_DAMAGED',
      message: expect.stringContaining('commit-000002.log'),
    });
  });

  it('says when the disk does not let it claim', async () => {
    await (await begun(1)).close();
    const fileSystem = faultyFileSystem(({ kind }) => (kind === 'syncFolder' ? 'EIO' : undefined));
    await expect(CommitLog.takeOver(folder, { fileSystem })).rejects.toMatchObject({ code: 'LOG_WRITE' });
    const { log, term } = await CommitLog.takeOver(folder);
    expect(term).toBe(3);
    await log.close();
  });

  it('hands a run on and on', async () => {
    await (await begun(1)).close();
    for (let term = 2; term <= 12; term++) {
      const { log } = await CommitLog.takeOver(folder);
      expect(log.term).toBe(term);
      await log.append(term % 2 === 0 ? stepEntry(term) : pause(term));
      await log.close();
    }
    const { records, superseded, unconnected } = await readLog(folder);
    expect({ count: records.length, superseded, unconnected }).toEqual({ count: 2 + 2 * 11, superseded: 0, unconnected: 0 });
  });
});
