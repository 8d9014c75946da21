import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFolder } from '../../src/leadership/claimed-folder.ts';

let runs: string;

beforeEach(async () => {
  runs = await mkdtemp(join(tmpdir(), 'geodesic-claimed-'));
});

afterEach(() => rm(runs, { recursive: true, force: true }));

describe('claimFolder', () => {
  it('gives a folder an id that stays', async () => {
    const first = await claimFolder(runs, 'a');
    await first.release();
    const second = await claimFolder(runs, 'b');
    expect(second.id).toBe(first.id);
    await second.release();
    await expect(readFile(join(runs, 'coordinator.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses a folder that a live process on this host uses, and takes that of a dead one', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
    const record = { address: '', pid: other.pid, host: hostname(), leader: 'other', term: 0, startedAt: '' };
    await writeFile(join(runs, 'coordinator.json'), JSON.stringify(record));
    await expect(claimFolder(runs, 'a')).rejects.toMatchObject({ code: 'HA_SHARED_FOLDER', exitCode: 78 });
    const ended = once(other, 'close');
    other.kill('SIGKILL');
    await ended;
    await (await claimFolder(runs, 'a')).release();
  });
});
