import { describe, expect, it } from 'vitest';
import { storageFaultOf, StorageGuard } from '../src/index.ts';
import { signal } from './fixtures.ts';

const full = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

/** Fails a number of times. */
function failing(times: number, error: () => Error = full): () => Promise<string> {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(error()) : Promise.resolve('done'));
}

describe('StorageGuard.run', () => {
  it('tries again until the disk works, and tells once that it failed and once that it works', async () => {
    const told: unknown[] = [];
    const guard = new StorageGuard({
      retryMs: 0,
      onFailure: ({ what, error }) => told.push([what, error.message]),
      onMended: (mended) => told.push(mended),
    });
    expect(await guard.run('checkpoint 50', failing(3))).toBe('done');
    expect(told).toEqual([['checkpoint 50', 'ENOSPC: no space left on device, write'], { what: 'checkpoint 50', attempts: 4 }]);
  });

  it('tells nothing when nothing fails', async () => {
    const guard = new StorageGuard({ onFailure: () => expect.unreachable(), onMended: () => expect.unreachable() });
    expect(await guard.run('log', failing(0))).toBe('done');
  });

  it('finds the disk behind other errors', async () => {
    const guard = new StorageGuard({ retryMs: 0 });
    expect(
      await guard.run(
        'log',
        failing(1, () => new Error('checkpoint unwritable', { cause: full() })),
      ),
    ).toBe('done');
  });

  it('lets any other error through at once, also after the disk had failed', async () => {
    const guard = new StorageGuard({ retryMs: 0 });
    await expect(
      guard.run(
        'log',
        failing(1, () => new TypeError('a defect')),
      ),
    ).rejects.toThrow('a defect');
    const errors = [new TypeError('a defect'), full()];
    await expect(guard.run('log', () => Promise.reject(errors.pop() as Error))).rejects.toThrow('a defect');
    expect(guard.isFailing).toBe(false);
  });

  it('is clear when every operation that waits has worked', async () => {
    const first = signal();
    const guard: StorageGuard = new StorageGuard({ retryMs: 0, onFailure: () => first.give() });
    await guard.clear;
    let isMended = false;
    const operation = (): Promise<void> => (isMended ? Promise.resolve() : Promise.reject(full()));
    const running = [guard.run('log', operation), guard.run('checkpoint', operation)];
    await first.given;
    expect(guard.isFailing).toBe(true);
    const cleared = guard.clear.then(() => guard.isFailing);
    isMended = true;
    await Promise.all(running);
    expect(await cleared).toBe(false);
  });
});

describe('StorageGuard.abandon', () => {
  it('gives up what waits, and later the first failure is final', async () => {
    const guard: StorageGuard = new StorageGuard({ retryMs: 3_600_000, onFailure: () => queueMicrotask(() => guard.abandon()) });
    const expected = { code: 'STORAGE', message: expect.stringContaining('ENOSPC'), cause: { code: 'ENOSPC' } };
    await expect(guard.run('log', failing(1))).rejects.toMatchObject(expected);
    await guard.clear;
    expect(await guard.run('log', failing(0))).toBe('done');
    await expect(guard.run('log', failing(1))).rejects.toMatchObject(expected);
    expect(guard.isFailing).toBe(false);
  });
});

describe('storageFaultOf', () => {
  it.each([
    ['EIO', true],
    ['EROFS', true],
    ['EDQUOT', true],
    ['ENOENT', false],
    ['EBADF', false],
  ])('%s: %s', (code, isFault) => {
    expect(storageFaultOf(Object.assign(new Error(code), { code })) !== undefined).toBe(isFault);
  });
});
