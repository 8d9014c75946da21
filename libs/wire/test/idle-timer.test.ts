import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdleTimer } from '../src/idle-timer.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] }));
afterEach(() => void vi.useRealTimers());

describe('IdleTimer', () => {
  it('tells once, when nothing has moved for the time', async () => {
    let told = 0;
    const timer = new IdleTimer(100, () => told++);
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(90);
      timer.touch();
    }
    expect(told).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(told).toBe(1);
  });

  it('tells nothing when it has been stopped', async () => {
    let told = 0;
    const timer = new IdleTimer(100, () => told++);
    timer.stop();
    timer.touch();
    await vi.advanceTimersByTimeAsync(1000);
    expect(told).toBe(0);
  });

  it('looks at what has arrived first, when this process did not run for longer than the time', async () => {
    let told = 0;
    const timer = new IdleTimer(100, () => told++);
    // The time is over, and what came meanwhile is read right after the timers.
    setTimeout(() => timer.touch(), 100);
    await vi.advanceTimersByTimeAsync(100);
    await vi.advanceTimersByTimeAsync(99);
    expect(told).toBe(0);
    await vi.advanceTimersByTimeAsync(10);
    expect(told).toBe(1);
  });
});
