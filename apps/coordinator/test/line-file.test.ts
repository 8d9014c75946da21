import { appendFile, mkdir, mkdtemp, open as openFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LineFile } from '../src/line-file.ts';
import { parseLine, scanLines } from '../src/scan-lines.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geodesic-lines-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const noFailure = (error: Error): never => {
  throw error;
};

const accept = (line: string): boolean => parseLine(line) !== undefined;

const linesTo = (count: number): string => Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join('');

/** A disk that is full after so many bytes, until it is mended. */
function fullDisk(most: number) {
  const disk = { isFull: true, opened: 0, open };
  async function open(path: string, flags: string): Promise<FileHandle> {
    disk.opened += 1;
    const handle = await openFile(path, flags);
    const write = async (bytes: Buffer, from: number, length: number, position: number) => {
      const fits = disk.isFull ? Math.max(0, most - position) : length;
      if (fits > 0) return handle.write(bytes, from, Math.min(length, fits), position);
      throw new Error('ENOSPC: no space left on device');
    };
    const truncate = (length: number) => handle.truncate(length);
    const read = handle.read.bind(handle);
    return { write, truncate, read, close: () => handle.close() } as unknown as FileHandle;
  }
  return disk;
}

describe('LineFile', () => {
  it('replaces what is there by its lines, and adds what comes', async () => {
    const path = join(folder, 'lines');
    await appendFile(path, '{"n":0}\n{"n":');
    const file = await LineFile.open({ path, accept, onError: noFailure });
    file.add({ n: 1 });
    await file.close();
    file.add({ n: 2 });
    expect(await readFile(path, 'utf8')).toBe(linesTo(2));
  });

  it('has every line in the end when the disk failed from the beginning, and tells of it once', async () => {
    const path = join(folder, 'later', 'lines');
    const failures: Error[] = [];
    const file = await LineFile.open({ path, accept, onError: (error) => failures.push(error) });
    file.add({ n: 0 });
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    file.add({ n: 1 });
    expect(file.settled).toBe(2);
    await mkdir(join(folder, 'later'));
    await file.close();
    expect(await readFile(path, 'utf8')).toBe(linesTo(2));
    expect(failures).toHaveLength(1);
  });

  it('has every line once when a write failed in the middle of a line, without opening the path again', async () => {
    const path = join(folder, 'lines');
    const failures: Error[] = [];
    const disk = fullDisk(20);
    const file = await LineFile.open({ path, accept, onError: (error) => failures.push(error), open: disk.open });
    file.add({ n: 0 });
    await vi.waitFor(() => expect(file.written).toBe(1));
    for (const n of [1, 2, 3]) file.add({ n });
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    expect(await readFile(path, 'utf8')).toBe('{"n":0}\n{"n":1}\n{"n"');
    expect([file.written, file.settled, file.length]).toEqual([1, 4, 4]);
    await rename(path, `${path}.old`); // a successor has its own file by now
    await writeFile(path, 'another');
    disk.isFull = false;
    await vi.waitFor(() => expect(file.written).toBe(4), { timeout: 5000 });
    file.add({ n: 4 });
    await file.close();
    expect(await readFile(`${path}.old`, 'utf8')).toBe(linesTo(5));
    expect(await readFile(path, 'utf8')).toBe('another');
    expect([disk.opened, failures.length]).toEqual([1, 1]);
  });

  it('replaces no file but the one it has read', async () => {
    const path = join(folder, 'lines');
    await writeFile(path, linesTo(2));
    const failures: Error[] = [];
    const disk = fullDisk(0);
    const file = await LineFile.open({ path, accept, onError: (error) => failures.push(error), open: disk.open });
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    await writeFile(`${path}.successor`, linesTo(3));
    await rename(`${path}.successor`, path);
    disk.isFull = false;
    file.add({ n: 9 });
    expect(await file.read(0, 3)).toEqual(['{"n":0}', '{"n":1}', '{"n":9}']); // its own, not the successor's
    await file.close();
    expect(await readFile(path, 'utf8')).toBe(linesTo(3));
  });

  it('reads lines from anywhere, from the file and those that are not in it yet, also when it is closed', async () => {
    const path = join(folder, 'lines');
    await appendFile(path, `${linesTo(1500)}{"n":`);
    const file = await LineFile.open({ path, accept, onError: noFailure });
    for (let n = 1500; n < 3000; n++) file.add({ n });
    const check = async (): Promise<void> => {
      for (const [from, count] of [
        [0, 1],
        [511, 2],
        [512, 512],
        [1023, 1000],
        [1499, 2],
        [2047, 1],
        [2990, 100],
        [3000, 5],
      ] as const) {
        const expected = Array.from({ length: Math.min(count, 3000 - from) }, (_, index) => `{"n":${from + index}}`);
        expect(await file.read(from, count)).toEqual(expected);
      }
    };
    await check();
    await vi.waitFor(() => expect(file.written).toBe(3000));
    await check();
    await file.close();
    await check();
  });
});

describe('scanLines', () => {
  it('says how many bytes lie behind a line, about', async () => {
    const path = join(folder, 'lines');
    await writeFile(path, linesTo(1300));
    const file = await LineFile.open({ path, accept, onError: noFailure });
    const whole = linesTo(1300).length;
    expect(file.bytesAfter(0)).toBe(whole);
    for (const lines of [1, 511, 512, 513, 1024, 1299])
      expect(Math.abs(file.bytesAfter(lines) - (whole - linesTo(lines).length))).toBeLessThan(512);
    expect(file.bytesAfter(1300)).toBe(0);
    expect(file.bytesAfter(5000)).toBe(0);
    await file.close();
  });

  it('stops at the first line that is not accepted, and takes a missing file for an empty one', async () => {
    const path = join(folder, 'lines');
    const seen: string[] = [];
    const take = (line: string): boolean => accept(line) && seen.push(line) > 0;
    await scanLines(path, take);
    expect(seen).toEqual([]);
    await appendFile(path, '{"n":1}\nnonsense\n{"n":3}\n');
    await scanLines(path, take);
    expect(seen).toEqual(['{"n":1}']);
  });

  it('joins lines that are longer than what is read at a time', async () => {
    const path = join(folder, 'lines');
    const lines = [300_000, 1, 700_000].map((length) => `"${'ü'.repeat(length)}"`);
    await writeFile(path, `${lines.join('\n')}\n"torn`);
    const seen: string[] = [];
    await scanLines(path, (line, offset) => seen.push(`${offset} ${line}`) > 0);
    expect(seen).toEqual([`0 ${lines[0]}`, `600003 ${lines[1]}`, `600008 ${lines[2]}`]);
  });
});
