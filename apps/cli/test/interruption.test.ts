/** Ctrl-C: what counts as one, and what a second one does. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchInterruption, type Interruption } from '../src/interruption.ts';

let onSecond: ReturnType<typeof vi.fn<() => void>>;
let interruption: Interruption;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onSecond = vi.fn<() => void>();
  interruption = watchInterruption(onSecond);
});

afterEach(() => {
  interruption.close();
  vi.useRealTimers();
});

describe('watchInterruption', () => {
  it('asks for a stop on the first signal', async () => {
    process.emit('SIGHUP', 'SIGHUP');
    expect(await interruption.requested).toBe('SIGHUP');
    expect(onSecond).not.toHaveBeenCalled();
  });

  it('takes signals that npm and the terminal both deliver for one', () => {
    process.emit('SIGINT', 'SIGINT');
    vi.advanceTimersByTime(399);
    process.emit('SIGINT', 'SIGINT');
    expect(onSecond).not.toHaveBeenCalled();
  });

  it('kills on a second one', () => {
    process.emit('SIGINT', 'SIGINT');
    vi.advanceTimersByTime(401);
    process.emit('SIGINT', 'SIGINT');
    expect(onSecond).toHaveBeenCalledOnce();
  });

  it('leaves signals alone when it is closed', () => {
    const before = process.listenerCount('SIGINT');
    interruption.close();
    expect(process.listenerCount('SIGINT')).toBe(before - 1);
  });
});
