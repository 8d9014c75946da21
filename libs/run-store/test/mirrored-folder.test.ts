import { readdir, readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommitLog, MirroredFolder, readLog, ReplicaQueue, rereadLog } from '../src/index.ts';
import type { ReplicatedRecord, RunFolder } from '../src/index.ts';
import { Chain, CopyServer } from './copy-server.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import { hastyFileSystem as fileSystem, newRun, pause, runEntry, stepEntry, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: RunFolder;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  folder = await newRun(temporary.path);
});

const term = (leader: string): { type: 'term'; leader: string; step: number } => ({ type: 'term', leader, step: 1 });
const hashes = (records: readonly { hash: string }[]): string[] => records.map(({ hash }) => hash);
const segments = async (): Promise<string[]> => (await readdir(folder.path)).filter((name) => name.endsWith('.log')).sort();
const mirror = async (...batches: (readonly ReplicatedRecord[])[]): Promise<void> => {
  const mirrored = await MirroredFolder.open(folder.path, { fileSystem });
  for (const batch of batches) await mirrored.append(batch);
  await mirrored.close();
};

describe('MirroredFolder', () => {
  it('makes the folder that the leader has: a segment for each term', async () => {
    const chain = new Chain();
    const [run, step, taken, next] = [chain.add(1, runEntry), chain.add(1, stepEntry(1)), chain.add(2, term('b')), chain.add(2, pause(2))];
    await mirror(run, [...step, ...taken], next);
    expect(await segments()).toEqual(['commit-000002.log', 'commit.log']);
    expect(hashes((await readLog(folder)).records)).toEqual(hashes(chain.records));
    const { log, found } = await CommitLog.takeOver(folder, { fileSystem });
    expect([log.term, found.records.length]).toEqual([3, 4]);
    await log.close();
  });

  it('writes nothing twice, and goes on in a file of its own', async () => {
    const chain = new Chain();
    await mirror(chain.add(1, runEntry, stepEntry(1)));
    const before = await readFile(folder.file('commit.log'));
    chain.add(1, stepEntry(2), stepEntry(3));
    await mirror(chain.records.slice(0, 1), chain.records.slice(1));
    expect(await readFile(folder.file('commit.log'))).toEqual(before);
    expect(await segments()).toEqual(['commit-000001-01.log', 'commit.log']);
    await mirror(chain.records);
    expect(await segments()).toHaveLength(2);
    expect(hashes((await readLog(folder)).records)).toEqual(hashes(chain.records));
  });

  it('syncs once for a batch, and the name of a new file behind it', async () => {
    const files = faultyFileSystem();
    const mirrored = await MirroredFolder.open(folder.path, { fileSystem: files });
    const chain = new Chain();
    await mirrored.append(chain.add(1, runEntry, stepEntry(1), stepEntry(2)));
    await mirrored.append(chain.add(1, stepEntry(3)));
    await mirrored.append([]);
    const kinds = files.operations.filter(({ kind }) => kind !== 'exists').map(({ kind }) => kind);
    expect(kinds).toEqual(['open', 'write', 'datasync', 'syncFolder', 'write', 'datasync']);
    await mirrored.close();
  });

  it('writes what has queued up with one write and one sync', async () => {
    const files = faultyFileSystem();
    const mirrored = await MirroredFolder.open(folder.path, { fileSystem: files });
    const records = new Chain().add(1, runEntry, ...Array.from({ length: 20 }, (_, i) => stepEntry(i + 1)));
    await mirrored.append(records.slice(0, 1));
    const first = mirrored.append(records.slice(1, 2));
    const all = [first, ...records.slice(2, 10).map((record) => mirrored.append([record]))];
    await first;
    all.push(...records.slice(10).map((record) => mirrored.append([record])));
    await mirrored.close();
    await Promise.all(all);
    expect(files.operations.filter(({ kind }) => kind === 'datasync')).toHaveLength(3);
    expect(hashes((await readLog(folder)).records)).toEqual(hashes(records));
  });

  it('takes the place of what a former leader has and the copy lacks, and a later term can be claimed', async () => {
    const old = await CommitLog.create(folder, { fileSystem });
    for (const entry of [runEntry, stepEntry(1), stepEntry(2), stepEntry(3)]) await old.append(entry);
    await old.close();
    const replica = { offer: () => undefined, admit: () => Promise.reject(new Error('refused')), ready: async () => undefined };
    await expect(CommitLog.takeOver(folder, { fileSystem, replica })).rejects.toThrow('refused'); // leaves its claim of term 2
    const before = await readFile(folder.file('commit.log'));
    const own = await rereadLog(folder, 0);
    const copy = new Chain();
    copy.add(1, runEntry, stepEntry(1));
    expect(hashes(copy.records)).toEqual(hashes(own.slice(0, 2)));
    copy.add(2, term('standby'), stepEntry(2), pause(3));
    await mirror(copy.records);
    expect(await readFile(folder.file('commit.log'))).toEqual(before);
    const { records, superseded, unconnected } = await readLog(folder);
    expect(hashes(records)).toEqual(hashes(copy.records));
    expect([superseded, unconnected]).toEqual([2, 0]);
    const server = new CopyServer();
    server.stored.push(...copy.records);
    const reread = (from: number): ReturnType<typeof rereadLog> => rereadLog(folder, from, fileSystem);
    const queue = new ReplicaQueue({ name: 'copy', port: server.port(), reread });
    const taken = await CommitLog.takeOver(folder, { fileSystem, replica: queue });
    expect([taken.term, hashes(taken.found.records)]).toEqual([3, hashes(copy.records)]);
    await taken.log.close();
    expect(server.stored.at(-1)).toMatchObject({ term: 3, previous: copy.records.at(-1)?.hash });
  });

  it('finds a record that was admitted and then lost by the crash of its leader', async () => {
    const old = await CommitLog.create(folder, { fileSystem });
    await old.append(runEntry);
    await old.close();
    const copy = new Chain();
    copy.add(1, runEntry, pause(1));
    await mirror(copy.records);
    const { found, log } = await CommitLog.takeOver(folder, { fileSystem });
    expect(found.records.map(({ type }) => type)).toEqual(['run', 'control']);
    await log.close();
  });

  it('is found by a leader of this folder, even when the copy has passed over its next term', async () => {
    const old = await CommitLog.create(folder, { fileSystem });
    await old.append(runEntry);
    const copy = new Chain();
    copy.add(1, runEntry);
    copy.add(4, term('far'));
    await mirror(copy.records);
    await expect(old.confirm()).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    await old.close();
    expect(await segments()).toEqual(['commit-000002.log', 'commit-000004.log', 'commit.log']);
    expect((await readLog(folder)).records).toHaveLength(2);
  });

  it('goes on behind a torn tail of its own', async () => {
    const chain = new Chain();
    await mirror(chain.add(1, runEntry, stepEntry(1)), chain.add(1, stepEntry(2)));
    const whole = await readFile(folder.file('commit.log'));
    await writeFile(folder.file('commit.log'), whole.subarray(0, whole.length - 5));
    await mirror(chain.records);
    expect(hashes((await readLog(folder)).records)).toEqual(hashes(chain.records));
  });

  it.each<[string, (chain: Chain) => readonly ReplicatedRecord[], string]>([
    ['goes on from nowhere', (chain) => chain.add(1, stepEntry(1), stepEntry(2)).slice(1), 'goes on from'],
    ['is damaged', (chain) => chain.add(1, stepEntry(1)).map((one) => ({ ...one, bytes: one.bytes.with(20, 0) })), 'one sound record'],
    ['is not what it is said to be', (chain) => chain.add(1, stepEntry(1)).map((one) => ({ ...one, term: 2 })), 'of term 2'],
  ])('refuses a record that %s, and everything after it', async (_name, make, message) => {
    const chain = new Chain();
    const mirrored = await MirroredFolder.open(folder.path, { fileSystem });
    await mirrored.append(chain.add(1, runEntry));
    await expect(mirrored.append(make(chain))).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringContaining(message) });
    await expect(mirrored.append([])).rejects.toMatchObject({ code: 'RUN_DAMAGED' });
    expect(mirrored.length).toBe(1);
  });

  it('refuses a copy that goes on with an older term than the folder has', async () => {
    const chain = new Chain();
    chain.add(1, runEntry);
    const fork = chain.fork(1);
    chain.add(3, term('a'));
    fork.add(2, term('b'));
    await mirror(chain.records);
    await expect(mirror(fork.records)).rejects.toMatchObject({
      code: 'RUN_DAMAGED',
      message: expect.stringContaining('commit-000003.log'),
    });
  });

  it('writes nothing more after the disk has failed; opened anew it goes on', async () => {
    const files = faultyFileSystem(({ kind, count }) => (kind === 'datasync' && count === 2 ? 'EIO' : undefined));
    const chain = new Chain();
    const mirrored = await MirroredFolder.open(folder.path, { fileSystem: files });
    await mirrored.append(chain.add(1, runEntry));
    await expect(mirrored.append(chain.add(1, stepEntry(1)))).rejects.toThrow('EIO');
    await expect(mirrored.append(chain.add(1, stepEntry(2)))).rejects.toMatchObject({ code: 'RUN_DAMAGED' });
    await mirror(chain.records);
    expect(hashes((await readLog(folder)).records)).toEqual(hashes(chain.records));
  });

  it('gives the chain of the copy, however it is cut into batches and lives, and whatever the folder had before', async () => {
    const property = fc.asyncProperty(
      fc.record({
        own: fc.nat(4),
        shared: fc.nat(4),
        terms: fc.array(fc.nat(3), { maxLength: 4 }),
        cuts: fc.array(fc.nat(20), { maxLength: 5 }),
      }),
      async ({ own, shared, terms, cuts }) => {
        folder = await newRun(temporary.path);
        const old = new Chain();
        old.add(1, runEntry, ...Array.from({ length: shared + own }, (_, i) => stepEntry(i + 1)));
        await mirror(old.records); // stands for what a leader of term 1 wrote
        const copy = old.fork(1 + shared);
        for (const [i, steps] of terms.entries())
          copy.add(2 + i, term(`leader ${i}`), ...Array.from({ length: steps }, (_, k) => stepEntry(100 * i + k)));
        const ends = [...new Set([...cuts, copy.records.length])].sort((a, b) => a - b);
        let mirrored = await MirroredFolder.open(folder.path, { fileSystem });
        let from = 0;
        for (const [i, end] of ends.entries()) {
          await mirrored.append(copy.records.slice(from, end));
          from = end;
          if (i % 2 === 1) continue;
          await mirrored.close();
          mirrored = await MirroredFolder.open(folder.path, { fileSystem });
          from = 0;
        }
        await mirrored.append(copy.records.slice(from));
        await mirrored.close();
        const expected = terms.length === 0 ? old : copy;
        const { records, unconnected } = await readLog(folder);
        expect([hashes(records), unconnected]).toEqual([hashes(expected.records), 0]);
      },
    );
    await fc.assert(property, { numRuns: 20, seed: 9 });
  });
});
