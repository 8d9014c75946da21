import { RunStoreError } from '@geodesic/run-store';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchStanding } from '../src/standing-watch.ts';

const deposed = new RunStoreError('LOG_DEPOSED', { what: 'log', expected: 'to lead', got: 'another', hint: 'leave it' });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells once that another coordinator leads, and does not mind a disk that cannot be read', async () => {
  const answers = [undefined, new Error('EIO'), deposed, deposed];
  const confirm = vi.fn<() => Promise<void>>(async () => {
    const answer = answers.shift();
    if (answer) throw answer;
  });
  const onDeposed = vi.fn<(error: RunStoreError) => void>();
  watchStanding({ confirm }, onDeposed);
  await vi.advanceTimersByTimeAsync(2500);
  expect([confirm.mock.calls.length, onDeposed.mock.calls.length]).toEqual([2, 0]);
  await vi.advanceTimersByTimeAsync(5000);
  expect([confirm.mock.calls.length, onDeposed.mock.calls]).toEqual([3, [[deposed]]]);
});

it('looks no more once the run is over', async () => {
  const confirm = vi.fn<() => Promise<void>>(async () => undefined);
  const end = watchStanding({ confirm }, () => undefined);
  end();
  await vi.advanceTimersByTimeAsync(5000);
  expect(confirm).not.toHaveBeenCalled();
});

it('looks as often as it is told, one look at a time, and minds no answer that comes after the end', async () => {
  let answer: (error: Error) => void = () => undefined;
  const confirm = vi.fn<() => Promise<void>>(() => new Promise((_, reject) => (answer = reject)));
  const onDeposed = vi.fn<() => void>();
  const end = watchStanding({ confirm }, onDeposed, { everyMs: 100 });
  await vi.advanceTimersByTimeAsync(350);
  expect(confirm).toHaveBeenCalledTimes(1);
  end();
  answer(deposed);
  await vi.advanceTimersByTimeAsync(350);
  expect([confirm.mock.calls.length, onDeposed.mock.calls.length]).toEqual([1, 0]);
});
