import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitLog, createRunFolder, prepareRunsFolder, RunFolder } from '../src/index.ts';
import { parseSegmentName, segmentName } from '../src/segment-files.ts';
import { newRun, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

describe('createRunFolder', () => {
  it('names a run by its name and time, and keeps spec and bundle', async () => {
    const now = new Date('2026-11-21T10:20:30.456Z');
    const folder = await createRunFolder({ runs: temporary.path, name: 'digits', spec: { seed: 7 }, bundle: Uint8Array.of(9), now });
    expect(folder.runId).toMatch(/^digits-20261121-102030-[0-9a-f]{4}$/);
    expect(folder.path).toBe(join(temporary.path, folder.runId));
    expect(JSON.parse(await readFile(folder.file('spec.json'), 'utf8'))).toEqual({ seed: 7 });
    expect([...(await readFile(folder.file('bundle.bin')))]).toEqual([9]);
  });
});

describe('RunFolder', () => {
  it('knows the names of what is in it', () => {
    const folder = new RunFolder('r', '/runs/r');
    expect(folder.checkpoint(50)).toBe('/runs/r/checkpoints/step-000050');
    expect(folder.journal(50)).toBe('/runs/r/journal/step-000050.journal');
    expect(folder.journal(50, 2)).toBe('/runs/r/journal/step-000050-02.journal');
    expect(folder.failedFactor('A.safetensors')).toBe('/runs/r/failed-A.safetensors');
  });

  it('opens the folder of a run', async () => {
    const made = await newRun(temporary.path);
    await (await CommitLog.create(made)).close();
    const opened = await RunFolder.open(`${made.path}/`);
    expect([opened.runId, opened.path]).toEqual([made.runId, made.path]);
  });

  it('refuses a folder that is none', async () => {
    await expect(RunFolder.open(temporary.path)).rejects.toMatchObject({
      code: 'RUN_MISSING',
      message: expect.stringContaining(temporary.path),
    });
  });
});

describe('prepareRunsFolder', () => {
  it('makes it, and says when it cannot', async () => {
    const path = join(temporary.path, 'new', 'runs');
    expect(await prepareRunsFolder(path)).toBe(path);
    const file = join(temporary.path, 'a-file');
    await writeFile(file, '');
    await chmod(file, 0o400);
    await expect(prepareRunsFolder(join(file, 'runs'))).rejects.toMatchObject({
      code: 'FOLDER',
      hint: 'choose another folder with --runs',
    });
  });
});

describe('segmentName', () => {
  it.each([
    ['commit.log', { term: 1, part: 0 }],
    ['commit-000001-01.log', { term: 1, part: 1 }],
    ['commit-000002.log', { term: 2, part: 0 }],
    ['commit-000002-100.log', { term: 2, part: 100 }],
    ['commit-1000000-12.log', { term: 1000000, part: 12 }],
  ])('%s', (name, id) => {
    expect(segmentName(id)).toBe(name);
    expect(parseSegmentName(name)).toEqual(id);
  });

  it.each(['commit-2.log', 'commit-000001.log', 'commit-000002-00.log', 'commit.log.tmp', '.probe-commit.log', 'events.ndjson'])(
    'not %s',
    (name) => {
      expect(parseSegmentName(name)).toBeUndefined();
    },
  );
});
