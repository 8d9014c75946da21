/** The restart policy: the CLI's side of the exit code contract with workers. */
import { describe, expect, it } from 'vitest';
import { decideAfterExit } from '../src/cluster/restart-policy.ts';
import type { ProcessExit } from '../src/cluster/managed-process.ts';

const running = { isStopping: false, restarts: 0, maxRestarts: 3 };
const code = (value: number): ProcessExit => ({ code: value, signal: null });

describe('decideAfterExit', () => {
  it('starts a killed worker and one that asks for it again', () => {
    expect(decideAfterExit({ ...running, exit: { code: null, signal: 'SIGKILL' } })).toBe('restart');
    expect(decideAfterExit({ ...running, exit: code(1) })).toBe('restart');
  });

  it.each([64, 65, 70, 78])('does not repeat what cannot go better: exit code %i', (value) => {
    expect(decideAfterExit({ ...running, exit: code(value) })).toBe('lost');
  });

  it('stops after maxRestarts', () => {
    expect(decideAfterExit({ exit: code(1), isStopping: false, restarts: 3, maxRestarts: 3 })).toBe('lost');
    expect(decideAfterExit({ exit: code(1), isStopping: false, restarts: 0, maxRestarts: 0 })).toBe('lost');
  });

  it('lets go of workers that are done or being stopped', () => {
    expect(decideAfterExit({ ...running, exit: code(0) })).toBe('done');
    expect(decideAfterExit({ ...running, isStopping: true, exit: { code: null, signal: 'SIGTERM' } })).toBe('done');
  });
});
