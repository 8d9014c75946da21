import { silentLogger } from '@geodesic/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STOP_GRACE_MS } from '../src/run-loop.ts';
import type { RunEvents } from '../src/run-events.ts';
import { RunStorage } from '../src/run-storage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });

function opened(): { storage: RunStorage; told: string[] } {
  const told: string[] = [];
  const storage = new RunStorage('r', silentLogger());
  storage.events = { emit: (type: string, { what }: { what: string }) => told.push(`${type} ${what}`) } as unknown as RunEvents;
  return { storage, told };
}

describe('RunStorage', () => {
  it('tells of a disk that fails, and of one that works again', async () => {
    const { storage, told } = opened();
    let isFull = true;
    const work = storage.guard.run('checkpoint', () => (isFull ? Promise.reject(full) : Promise.resolve('written')));
    await vi.advanceTimersByTimeAsync(2500);
    expect([storage.isFailing, told]).toEqual([true, ['storage.failed checkpoint']]);
    isFull = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(await work).toBe('written');
    expect([storage.isFailing, told.at(-1)]).toEqual([false, 'storage.mended checkpoint']);
  });

  it('gives up a second after a stop, what fails before the stop and after it', async () => {
    for (const order of ['before', 'after']) {
      const { storage } = opened();
      if (order === 'after') storage.stopWaiting();
      const work = storage.guard.run('commit log', () => Promise.reject(full)).catch((error: unknown) => error);
      if (order === 'before') storage.stopWaiting();
      await vi.advanceTimersByTimeAsync(STOP_GRACE_MS - 1);
      expect(storage.isFailing).toBe(true);
      await vi.advanceTimersByTimeAsync(1);
      expect(await work).toMatchObject({ code: 'STORAGE' });
      storage.close();
    }
  });
});
