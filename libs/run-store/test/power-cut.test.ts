/** What a take-over goes on from is on the disk, whatever the leader before has left in the system's cache alone (exactness.md 11). */
import { expect, it } from 'vitest';
import { CommitLog, readLog, RunFolder, StorageGuard } from '../src/index.ts';
import { runEntry, signal, stepEntry } from './fixtures.ts';
import { VolatileDisk } from './volatile-disk.ts';

const folder = new RunFolder('r', '/runs/r');

const failure = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

const stepsOf = async (fileSystem: VolatileDisk): Promise<unknown[]> =>
  (await readLog(folder, fileSystem)).records.map((record) => ('step' in record && record.type === 'step' ? record.step : record.type));

/** A disk on which the leader has confirmed step 1, and has died when the sync of step 2 failed. */
async function afterFailedSync(): Promise<VolatileDisk> {
  const disk = new VolatileDisk();
  const guard = new StorageGuard();
  const log = await CommitLog.create(folder, { fileSystem: disk, guard });
  await log.append(runEntry);
  await log.append(stepEntry(1));
  guard.abandon();
  disk.plan = (kind) => {
    if (kind === 'datasync') throw failure('EIO');
  };
  await expect(log.append(stepEntry(2))).rejects.toMatchObject({ code: 'LOG_WRITE' });
  disk.plan = () => undefined;
  return disk;
}

it('keeps what a successor has read and nobody had saved', async () => {
  const disk = await afterFailedSync();
  const { log, found } = await CommitLog.takeOver(folder, { fileSystem: disk });
  expect(found.records).toHaveLength(3);
  await log.append(stepEntry(3));
  for (const names of ['durable', 'all'] as const) {
    const cut = disk.afterPowerCut(names);
    expect(await stepsOf(cut)).toEqual(['run', 1, 2, 'term', 3]);
    await expect(CommitLog.takeOver(folder, { fileSystem: cut })).resolves.toMatchObject({ term: 3 });
  }
});

it('can be taken over again after a power cut at any operation of a take-over, and keeps what was confirmed', async () => {
  let reached = true;
  let operations = 0;
  for (let at = 1; reached; at++) {
    const disk = await afterFailedSync();
    let count = 0;
    disk.plan = () => {
      if (++count >= at) throw failure('EPOWER');
    };
    const taken = await CommitLog.takeOver(folder, { fileSystem: disk }).catch(() => undefined);
    await taken?.log.append(stepEntry(3)).catch(() => undefined);
    reached = count >= at;
    operations = count;
    for (const names of ['durable', 'all'] as const) {
      const cut = disk.afterPowerCut(names);
      const { log, found } = await CommitLog.takeOver(folder, { fileSystem: cut });
      expect(found.records.slice(0, 2)).toMatchObject([{ type: 'run' }, { step: 1 }]);
      await log.append(stepEntry(9));
      expect((await stepsOf(cut.afterPowerCut('durable'))).at(-1)).toBe(9);
    }
  }
  expect(operations).toBeGreaterThan(8);
});

it('waits for room on the disk once the term is claimed', async () => {
  const disk = await afterFailedSync();
  let full = 3;
  disk.plan = (kind, path) => {
    if (kind === 'write' && path.includes('.copy-for-') && full-- > 0) throw failure('ENOSPC');
  };
  const { log } = await CommitLog.takeOver(folder, { fileSystem: disk, guard: new StorageGuard({ retryMs: 1 }) });
  await log.append(stepEntry(3));
  expect([full, await stepsOf(disk.afterPowerCut('durable'))]).toEqual([-1, ['run', 1, 2, 'term', 3]]);
});

it('does not put an older state in the place of what a faster successor has read', async () => {
  for (const pausedAt of ['open', 'datasync', 'rename']) {
    const disk = new VolatileDisk();
    const first = await CommitLog.create(folder, { fileSystem: disk });
    await first.append(runEntry);
    const paused = signal();
    const goOn = signal();
    disk.plan = async (kind, path) => {
      const isCopy = path.includes('.copy-for-2-') || kind === 'rename';
      if (kind !== pausedAt || !isCopy) return;
      disk.plan = () => undefined;
      paused.give();
      await goOn.given;
    };
    const slow = CommitLog.takeOver(folder, { fileSystem: disk });
    await paused.given;
    await expect(first.append(stepEntry(1))).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    const fast = await CommitLog.takeOver(folder, { fileSystem: disk });
    expect(fast.found.records).toHaveLength(2); // written by a deposed leader, and confirmed by who has read it
    goOn.give();
    await expect(slow).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    await fast.log.append(stepEntry(2));
    expect(await stepsOf(disk)).toEqual(['run', 1, 'term', 2]);
    expect((await readLog(folder, disk)).unconnected).toBe(0);
  }
});
