import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecords } from '@geodesic/cluster';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommitLogFile } from '../src/commit-log-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geodesic-log-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const control = (step: number) => ({ type: 'control', action: 'stop', step, reason: 'test' }) as const;

describe('CommitLogFile', () => {
  it('keeps the order of the calls and the hash chain', async () => {
    const path = join(folder, 'commit.log');
    const log = await CommitLogFile.create(path);
    await Promise.all([1, 2, 3].map((step) => log.append(control(step))));
    await log.close();
    const { records, torn } = decodeRecords(await readFile(path));
    expect(torn).toBeUndefined();
    expect(records).toMatchObject([{ step: 1 }, { step: 2 }, { step: 3 }]);
  });

  it('never opens a log that exists', async () => {
    const path = join(folder, 'commit.log');
    const log = await CommitLogFile.create(path);
    await expect(CommitLogFile.create(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await log.close();
  });

  it('writes nothing more after a failed write', async () => {
    const log = await CommitLogFile.create(join(folder, 'commit.log'));
    await log.append(control(1));
    await log.close();
    await expect(log.append(control(2))).rejects.toMatchObject({ code: 'LOG_WRITE', hint: 'check the free space of the disk' });
    await expect(log.append(control(3))).rejects.toMatchObject({ code: 'LOG_WRITE' });
  });
});
