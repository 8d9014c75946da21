/** What is shown when a coordinator comes back with other numbers for its newest events. */
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '@geodesic/wire';
import { ShownEvents } from '../src/run-folders/shown-events.ts';

const committed = (sequence: number, step: number, at = 'then'): RunEvent => ({ sequence, type: 'step.committed', at, data: { step } });
const joined = (sequence: number, worker: string, at = 'then'): RunEvent => ({ sequence, type: 'worker.joined', at, data: { worker } });

describe('ShownEvents', () => {
  it('takes every event once', () => {
    const shown = new ShownEvents();
    expect([joined(1, 'a'), committed(2, 1), committed(2, 1)].map((event) => shown.take(event))).toEqual([true, true, false]);
  });

  it('takes what has the number of an event that was lost, and no step twice', () => {
    const shown = new ShownEvents();
    for (const event of [joined(1, 'a'), committed(2, 1), committed(3, 2), committed(4, 3)]) shown.take(event);
    const after = [
      joined(1, 'a'),
      committed(2, 1),
      joined(3, 'b', 'later'),
      committed(4, 2, 'later'),
      committed(5, 3, 'later'),
      committed(6, 4),
    ];
    expect(after.filter((event) => shown.take(event)).map(({ sequence }) => sequence)).toEqual([3, 6]);
  });

  it('begins a watch before what was shown last, and never before what is of interest', () => {
    const shown = new ShownEvents(41);
    expect(shown.from).toBe(41);
    for (let step = 1; step <= 300; step++) shown.take(committed(40 + step, step));
    expect(shown.from).toBe(41 + 300 - 256);
  });
});
