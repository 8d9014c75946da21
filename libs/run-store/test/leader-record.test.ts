import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearLeader, isAlive, readLeader, refuseLiveLeader, writeLeader } from '../src/index.ts';
import type { LeaderRecord, RunFolder } from '../src/index.ts';
import { newRun, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: RunFolder;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  folder = await newRun(temporary.path);
});

const me = { address: '127.0.0.1:4000', leader: 'me', term: 2, startedAt: '2026-11-21T10:00:00.000Z' };

describe('writeLeader', () => {
  it('says who leads, and on which process', async () => {
    expect(await readLeader(folder)).toBeUndefined();
    await writeLeader(folder, me);
    expect(await readLeader(folder)).toMatchObject({ ...me, pid: process.pid, host: hostname() });
  });
});

describe('readLeader', () => {
  it.each(['', '{', '[]', '{"address":"a"}'])('takes what cannot be read for nobody: %s', async (text) => {
    await writeFile(folder.file('coordinator.json'), text);
    expect(await readLeader(folder)).toBeUndefined();
  });
});

describe('clearLeader', () => {
  it('leaves the record of a successor alone', async () => {
    await writeLeader(folder, { ...me, leader: 'successor' });
    await clearLeader(folder, 'me');
    expect(await readLeader(folder)).toMatchObject({ leader: 'successor' });
    await clearLeader(folder, 'successor');
    expect(await readLeader(folder)).toBeUndefined();
  });
});

describe('isAlive', () => {
  it('sees another process of this host until it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const record: LeaderRecord = { ...me, pid: child.pid as number, host: hostname() };
    expect(await isAlive(record)).toBe(true);
    expect(await isAlive({ ...record, host: 'elsewhere' })).toBe(false);
    await writeFile(folder.file('coordinator.json'), JSON.stringify(record));
    await expect(refuseLiveLeader(folder)).rejects.toMatchObject({ code: 'RUN_ACTIVE', message: expect.stringContaining(me.address) });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await isAlive(record)).toBe(false);
    await refuseLiveLeader(folder);
  });

  it('does not take a later process with the same pid for it', async () => {
    const record: LeaderRecord = { ...me, pid: process.ppid, host: hostname() };
    expect(await isAlive(record)).toBe(true);
    expect(await isAlive({ ...record, processStart: 'another boot/1' })).toBe(process.platform !== 'linux');
  });

  it('does not count the process that asks: in a container, a coordinator that comes back has the pid of the one before', async () => {
    await writeLeader(folder, me);
    expect(await isAlive((await readLeader(folder)) as LeaderRecord)).toBe(false);
  });
});
