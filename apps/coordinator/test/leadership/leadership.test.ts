import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lease, LeaseHolder } from '@geodesic/events';
import { RunStoreError } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Leadership } from '../../src/leadership/leadership.ts';
import type { Led } from '../../src/leadership/leadership.ts';
import type { Standby } from '../../src/leadership/standby.ts';

const other: LeaseHolder = { leader: 'other', address: '127.0.0.1:1', folder: 'theirs', leaseMs: 200 };

class FakeLease implements Lease {
  holder: LeaseHolder | undefined = other;
  isHeld = false;
  seenRevision = 1;
  released = 0;
  win: () => void = () => undefined;
  lose: (holder: LeaseHolder) => void = () => undefined;
  readonly lost: Promise<LeaseHolder | undefined> = new Promise((resolve) => (this.lose = resolve));

  acquire(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.win = () => {
        this.isHeld = true;
        resolve();
      };
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  async release(): Promise<void> {
    this.released++;
  }
}

let path: string;
let lease: FakeLease;
let unfinished: string | undefined;
let finish: () => void;
const led = { resume: vi.fn<Led['resume']>(), leave: vi.fn<Led['leave']>() };
const released = vi.fn<() => Promise<void>>(async () => undefined);

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'geodesic-leadership-'));
  lease = new FakeLease();
  unfinished = 'r';
  for (const mock of [led.resume, led.leave]) mock.mockReset().mockResolvedValue(undefined);
});

afterEach(() => rm(path, { recursive: true, force: true }));

function leadership(options: { readonly once?: boolean; readonly folder?: string } = {}): Leadership {
  return new Leadership({
    lease,
    standby: (onFinished) => {
      finish = onFinished;
      const follow = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      return {
        follow,
        reset: async () => undefined,
        complete: async () => unfinished,
        close: async () => undefined,
        unfinished,
      } as Partial<Standby> as Standby;
    },
    folder: { path, id: options.folder ?? 'mine', release: released },
    once: options.once ?? false,
    logger: silentLogger(),
  });
}

describe('Leadership', () => {
  it('stands by, naming the leader, until it holds the lease, and then takes the newest run up', async () => {
    const part = leadership();
    const over = part.run(led);
    expect([part.isLeader, part.leader]).toEqual([false, other.address]);
    lease.win();
    await vi.waitFor(() => expect(led.resume).toHaveBeenCalledWith({ run: 'r', takeover: true }));
    expect([part.isLeader, part.leader]).toEqual([true, undefined]);
    part.leave();
    expect(await over).toEqual({ kind: 'left' });
    expect(led.leave).toHaveBeenCalledWith(expect.objectContaining({ code: 'LOG_DEPOSED' }), expect.any(Number));
    expect([lease.released, part.isLeader]).toEqual([1, false]);
  });

  it('serves others where there is no run to take up, or it cannot be', async () => {
    led.resume.mockRejectedValueOnce(new RunStoreError('RUN_DAMAGED', { what: 'r', expected: 'a log', got: 'none', hint: '' }));
    const part = leadership();
    const over = part.run(led);
    lease.win();
    await vi.waitFor(() => expect(led.resume).toHaveBeenCalled());
    await vi.waitFor(() => expect(part.isLeader).toBe(true));
    part.leave();
    expect(await over).toEqual({ kind: 'left' });
  });

  it.each([
    ['the lease', () => lease.lose(other)],
    ['the log', () => undefined],
  ])('ends as deposed when %s is another one’s', async (what, lose) => {
    const deposed = new RunStoreError('LOG_DEPOSED', { what: 'r', expected: '', got: '', hint: '' });
    if (what === 'the log') led.resume.mockRejectedValueOnce(deposed);
    const over = leadership().run(led);
    lease.win();
    await vi.waitFor(() => expect(led.resume).toHaveBeenCalled());
    lose();
    expect(await over).toMatchObject({ kind: 'deposed', error: { code: 'LOG_DEPOSED' } });
    expect(led.leave).toHaveBeenCalledWith(expect.objectContaining({ code: 'LOG_DEPOSED' }), 0);
  });

  it('leaves as a standby without ever leading', async () => {
    const part = leadership();
    const over = part.run(led);
    part.leave();
    expect(await over).toEqual({ kind: 'left' });
    expect([led.resume.mock.calls, led.leave.mock.calls, lease.released]).toEqual([[], [], 1]);
  });

  it('ends as a standby with the only run, if there is to be only one', async () => {
    const over = leadership({ once: true }).run(led);
    finish();
    expect(await over).toEqual({ kind: 'left' });
    expect(led.resume).not.toHaveBeenCalled();
  });

  it('refuses the folder of a leader that goes on leading', async () => {
    lease.holder = { ...other, folder: 'mine' };
    const over = leadership().run(led);
    const renewing = setInterval(() => lease.seenRevision++, 20);
    await expect(over).rejects.toMatchObject({ code: 'HA_SHARED_FOLDER', exitCode: 78 });
    clearInterval(renewing);
    expect(led.resume).not.toHaveBeenCalled();
  });
});
