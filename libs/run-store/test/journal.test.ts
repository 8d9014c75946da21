import { copyFile, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalRecord, RoundIdentity } from '@geodesic/cluster';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Journal, nodeFileSystem } from '../src/index.ts';
import type { JournalOptions, RunFolder } from '../src/index.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import { newRun, roundOf, signal, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: RunFolder;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  folder = await newRun(temporary.path);
});

const files = async (): Promise<string[]> => (await readdir(folder.journals)).sort();

/** Keeps rounds and leaves as a process does that is killed after its writes. */
async function keep(steps: readonly number[], options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await Journal.open(folder, { step: 0, ...options });
  for (const step of steps) journal.append(roundOf(step));
  await journal.close();
  return journal;
}

async function found(journal: Journal, steps: readonly number[]): Promise<number[]> {
  const records = await Promise.all(steps.map((step) => journal.take(roundOf(step).round)));
  return steps.filter((_, i) => records[i] !== undefined);
}

describe('Journal', () => {
  it('gives a coordinator that comes back the bits of every round', async () => {
    const failure: JournalRecord = {
      round: { ...roundOf(3).round, phase: 'quad' },
      failure: { step: 3, attempt: 0, phase: 'quad', reason: 'Log makes NaN', worker: 'a' },
    };
    const first = await Journal.open(folder, { step: 0 });
    for (const record of [roundOf(1), { ...roundOf(2, 1000), dropped: [5] }, failure]) first.append(record);
    await first.close();
    const journal = await Journal.open(folder, { step: 0 });
    expect(journal.size).toBe(3);
    expect(await journal.take(roundOf(1).round)).toEqual(roundOf(1));
    expect(await journal.take(roundOf(2).round)).toEqual({ ...roundOf(2, 1000), dropped: [5] });
    expect(await journal.take(failure.round)).toEqual(failure);
    await journal.close();
  });

  it('keeps what the sums were when they were given', async () => {
    const journal = await Journal.open(folder, { step: 0 });
    const record = roundOf(1);
    journal.append(record);
    record.total.sums.fill(0);
    await journal.close();
    expect(await journal.take(record.round)).toEqual(roundOf(1));
  });

  it.each<Partial<RoundIdentity>>([{ run: 'other' }, { step: 2 }, { attempt: 1 }, { phase: 'trial' }, { inputDigest: 'other' }])(
    'finds a round by its whole identity: not %o',
    async (change) => {
      const journal = await keep([1]);
      expect(await journal.take({ ...roundOf(1).round, ...change })).toBeUndefined();
    },
  );

  it('reads no more than the frame that is taken', async () => {
    const first = await Journal.open(folder, { step: 0 });
    for (const step of [1, 2, 3]) first.append(roundOf(step, 100_000));
    await first.close();
    let bytes = 0;
    const counting = faultyFileSystem();
    const fileSystem = {
      ...counting,
      open: async (...args: Parameters<typeof counting.open>) => {
        const file = await counting.open(...args);
        const read = async (buffer: Uint8Array, offset: number): Promise<number> => {
          const taken = await file.read(buffer, offset);
          bytes += taken;
          return taken;
        };
        return {
          write: file.write.bind(file),
          read,
          size: file.size.bind(file),
          datasync: file.datasync.bind(file),
          close: file.close.bind(file),
        };
      },
    };
    const journal = await Journal.open(folder, { step: 0, fileSystem });
    expect(bytes).toBeLessThan(4 * 65_536 + 1000);
    bytes = 0;
    await journal.take(roundOf(2).round);
    expect(bytes).toBeGreaterThan(400_000);
    expect(bytes).toBeLessThan(401_000);
  });

  it('keeps a round once', async () => {
    await keep([1, 1, 2]);
    const again = await keep([1, 2, 3]);
    expect(again.size).toBe(3);
    const [one, two] = await Promise.all((await files()).map((name) => readFile(join(folder.journals, name))));
    expect(one.length).toBeLessThan(3 * two.length);
  });

  it('writes to a file of its own: what a deposed coordinator still writes does no harm', async () => {
    const zombie = await Journal.open(folder, { step: 50 });
    zombie.append(roundOf(51));
    await zombie.written;
    const journal = await Journal.open(folder, { step: 50 });
    journal.append(roundOf(52));
    zombie.append(roundOf(53));
    await Promise.all([zombie.close(), journal.close()]);
    expect(await files()).toEqual(['step-000050-01.journal', 'step-000050.journal']);
    const next = await Journal.open(folder, { step: 50 });
    expect(await found(next, [51, 52, 53])).toEqual([51, 52, 53]);
    await next.close();
  });
});

describe('Journal after a crash', () => {
  it('has every round before a tail that is torn at any byte', async () => {
    await keep([1, 2]);
    const whole = await readFile(folder.journal(0));
    const { length: shorter } = await readFile(await fileOf([1]));
    for (let length = shorter; length < whole.length; length++) {
      await writeFile(folder.journal(0), whole.subarray(0, length));
      const journal = await Journal.open(folder, { step: 0 });
      expect(await found(journal, [1, 2])).toEqual([1]);
      await journal.close();
    }

    async function fileOf(steps: readonly number[]): Promise<string> {
      const [kept, other] = [folder, await newRun(temporary.path)];
      folder = other;
      await keep(steps);
      folder = kept;
      return other.journal(0);
    }
  });

  it('has every round but the one whose sums are damaged', async () => {
    await keep([1, 2, 3]);
    const damaged = await readFile(folder.journal(0));
    const place = damaged.indexOf(Buffer.from(roundOf(2).total.sums.buffer));
    const file = await open(folder.journal(0), 'r+');
    await file.write(Uint8Array.of(damaged[place] ^ 1), 0, 1, place);
    await file.close();
    const journal = await Journal.open(folder, { step: 0 });
    expect(await found(journal, [1, 2, 3])).toEqual([1, 3]);
    journal.append(roundOf(2)); // computed again
    await journal.close();
    expect(await found(journal, [1, 2, 3])).toEqual([1, 2, 3]);
  });

  it('leaves out files that are none and files that cannot be read', async () => {
    await keep([1]);
    await writeFile(folder.journal(1), 'not a journal');
    await writeFile(join(folder.journals, 'notes.txt'), '');
    await mkdir(folder.journal(2));
    await copyFile(folder.journal(0), folder.journal(3));
    const journal = await Journal.open(folder, { step: 0 });
    expect(journal.size).toBe(1);
    await journal.close();
  });

  it('starts in a folder of a run that had no journal', async () => {
    await rm(folder.journals, { recursive: true });
    const journal = await keep([1]);
    expect(await found(journal, [1])).toEqual([1]);
  });
});

describe('Journal.rotate and retire', () => {
  it('begins a file with every checkpoint, and removes those before a durable one', async () => {
    const journal = await Journal.open(folder, { step: 0 });
    journal.append(roundOf(1));
    journal.rotate(10);
    journal.append(roundOf(11));
    journal.rotate(20);
    journal.append(roundOf(21));
    await journal.retire(10);
    expect(await files()).toEqual(['step-000010.journal', 'step-000020.journal']);
    expect(await found(journal, [1, 11, 21])).toEqual([11, 21]);
    await journal.retire(20);
    expect(await files()).toEqual(['step-000020.journal']);
    expect(journal.size).toBe(1);
    await journal.close();
  });

  it('goes on where a file cannot be removed', async () => {
    const fileSystem = faultyFileSystem(({ kind, count }) => (kind === 'remove' && count === 1 ? 'EIO' : undefined));
    const journal = await Journal.open(folder, { step: 0, fileSystem });
    journal.append(roundOf(1));
    journal.rotate(10);
    await journal.retire(10);
    expect(await found(journal, [1])).toEqual([1]);
    await journal.retire(10);
    expect(await found(journal, [1])).toEqual([]);
    await journal.close();
  });
});

describe('Journal limits', () => {
  const reasons: string[] = [];
  const onOff = (reason: string): void => void reasons.push(reason);
  beforeEach(() => void reasons.splice(0));

  it('is off when it writes too fast, until the next checkpoint, and what it has stays', async () => {
    let now = 0;
    const journal = await Journal.open(folder, { step: 0, maxRate: 1000, now: () => now, onOff });
    for (const step of [1, 2, 3, 4]) journal.append(roundOf(step, 100)); // a burst of less than a second is no rate
    expect(journal.isOn).toBe(true);
    now = 1000;
    journal.append(roundOf(5, 100));
    expect(journal.isOn).toBe(false);
    journal.append(roundOf(6, 100));
    expect(reasons).toEqual([expect.stringMatching(/^expected at most 0 MB a second, got 0 MB$/)]);
    journal.rotate(6);
    journal.append(roundOf(7));
    expect(journal.isOn).toBe(true);
    await journal.close();
    expect(await found(journal, [1, 4, 5, 6, 7])).toEqual([1, 4, 7]);
  });

  it('stays on at a rate within the limit', async () => {
    let now = 0;
    const journal = await Journal.open(folder, { step: 0, maxRate: 1000, now: () => now, onOff });
    for (let step = 1; step <= 20; step++) {
      now += 900;
      journal.append(roundOf(step, 100)); // 400 bytes of sums
    }
    await journal.close();
    expect(reasons).toEqual([]);
    expect(journal.size).toBe(20);
  });

  it('is off when the file would grow too large', async () => {
    const journal = await Journal.open(folder, { step: 0, maxBytes: 10_000, onOff });
    for (const step of [1, 2, 3]) journal.append(roundOf(step, 1000));
    await journal.close();
    expect(await found(journal, [1, 2, 3])).toEqual([1, 2]);
    expect(reasons).toEqual(['expected at most 0 MB since the last checkpoint, got more']);
  });

  it('is off when the disk is too slow for what waits in memory', async () => {
    const goOn = signal();
    const fileSystem = faultyFileSystem(async ({ kind }) => {
      if (kind === 'open') await goOn.given;
      return undefined;
    });
    const journal = await Journal.open(folder, { step: 0, maxPendingBytes: 5000, fileSystem, onOff });
    for (const step of [1, 2, 3]) journal.append(roundOf(step, 1000));
    expect(journal.isOn).toBe(false);
    goOn.give();
    await journal.close();
    expect(await found(journal, [1, 2, 3])).toEqual([1]);
    expect(reasons).toEqual([expect.stringContaining('expected at most 5000 bytes to wait for the disk')]);
  });

  it('is off when the disk fails, and never fails itself', async () => {
    const fileSystem = faultyFileSystem(({ kind, count }) => (kind === 'write' && count === 3 ? 'ENOSPC' : undefined));
    const journal = await Journal.open(folder, { step: 0, fileSystem, onOff });
    for (const step of [1, 2, 3]) journal.append(roundOf(step));
    await journal.written;
    expect(reasons).toEqual(['ENOSPC: injected, write step-000000.journal']);
    journal.rotate(10);
    journal.append(roundOf(11));
    await journal.close();
    expect(await found(journal, [1, 2, 3, 11])).toEqual([1, 11]);
  });

  it('opens on a disk that refuses everything', async () => {
    const fileSystem = {
      ...nodeFileSystem,
      makeFolder: () => Promise.reject(new Error('EROFS: read-only file system')),
      list: () => Promise.reject(new Error('EIO')),
    };
    const journal = await Journal.open(folder, { step: 0, fileSystem, onOff });
    expect(journal.isOn).toBe(false);
    expect(reasons).toEqual(['EROFS: read-only file system']);
    expect(await journal.take(roundOf(1).round)).toBeUndefined();
    await journal.close();
  });
});
