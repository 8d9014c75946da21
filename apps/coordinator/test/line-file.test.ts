import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LineFile, parseLine, readLines } from '../src/line-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geodesic-lines-'));
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const noFailure = (error: Error): never => {
  throw error;
};

describe('LineFile', () => {
  it('replaces what is there by its lines, and adds what comes', async () => {
    const path = join(folder, 'lines');
    await appendFile(path, '{"n":1}\n{"n":');
    const lines: object[] = await readLines(path, parseLine);
    const file = new LineFile({ path, lines, onError: noFailure });
    lines.push({ n: 2 });
    file.added();
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
  });

  it('has every line in the end when the disk failed in between, and tells of it once', async () => {
    const path = join(folder, 'later', 'lines');
    const failures: Error[] = [];
    const lines: object[] = [{ n: 1 }];
    const file = new LineFile({ path, lines, onError: (error) => failures.push(error) });
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    lines.push({ n: 2 });
    file.added();
    await mkdir(join(folder, 'later'));
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
    expect(failures).toHaveLength(1);
  });
});

describe('readLines', () => {
  it('stops at the first line that is not accepted, and takes a missing file for an empty one', async () => {
    const path = join(folder, 'lines');
    expect(await readLines(path, parseLine)).toEqual([]);
    await appendFile(path, '{"n":1}\nnonsense\n{"n":3}\n');
    expect(await readLines(path, parseLine)).toEqual([{ n: 1 }]);
  });
});
