/** The log on a disk that is really full: a tmpfs of a few pages, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CommitLog, Journal, readLog, StorageGuard } from '../src/index.ts';
import { newRun, roundOf, runEntry, signal, stepEntry, temporaryFolder } from './fixtures.ts';

const temporary = await temporaryFolder();
const disk = join(temporary.path, 'disk');
await mkdir(disk);
const refusal = mountTiny(disk);
if (refusal !== undefined) console.warn(`skipped: the log on a full disk needs a tmpfs: ${refusal}`);

/** Why a tiny file system cannot be mounted there; undefined when it is. */
function mountTiny(path: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

describe.skipIf(refusal !== undefined)('a run on a full disk', () => {
  afterAll(async () => {
    execFileSync('umount', [disk]);
    await temporary.remove();
  });

  it('waits, says why, and goes on when there is space: nothing is lost and nothing is twice', async () => {
    const folder = await newRun(disk);
    const failed = signal();
    const told: string[] = [];
    const guard = new StorageGuard({
      retryMs: 10,
      onFailure: ({ error }) => {
        told.push(error.message);
        failed.give();
      },
      onMended: () => told.push('mended'),
    });
    const log = await CommitLog.create(folder, { guard });
    const announced: number[] = [];
    await log.append(runEntry);
    const appended = Array.from({ length: 50 }, async (_, i) => {
      await log.append(stepEntry(i + 1));
      announced.push(i + 1);
    });
    const ballast = join(disk, 'ballast');
    await Promise.all(appended);
    await writeFile(ballast, new Uint8Array(1 << 20)).catch(() => undefined); // takes all that is left
    const more = Array.from({ length: 50 }, async (_, i) => {
      await log.append(stepEntry(i + 51));
      announced.push(i + 51);
    });
    await failed.given;
    const before = announced.length;
    expect(before).toBeLessThan(100);
    await rm(ballast);
    await Promise.all(more);
    await log.close();
    expect(told).toEqual([expect.stringContaining('ENOSPC'), 'mended']);
    const { records, unconnected } = await readLog(folder);
    expect(unconnected).toBe(0);
    expect(records.slice(1)).toMatchObject(Array.from({ length: 100 }, (_, i) => ({ step: i + 1 })));
  });

  it('turns the journal off', async () => {
    const folder = await newRun(disk);
    const reasons: string[] = [];
    const journal = await Journal.open(folder, { step: 0, onOff: (reason) => reasons.push(reason) });
    for (let step = 1; step <= 30; step++) journal.append(roundOf(step, 10_000));
    await journal.written;
    await journal.close();
    expect(reasons).toEqual([expect.stringContaining('ENOSPC')]);
    expect(await journal.take(roundOf(1).round)).toEqual(roundOf(1, 10_000));
  });
});
