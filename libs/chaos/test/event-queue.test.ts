/** Virtual time is ascending, and what is asked for first comes first at the same time. */
import { describe, expect, it } from 'vitest';
import { seeded } from '../src/seeded-draw.ts';
import { EventQueue } from '../src/simulation/event-queue.ts';

describe('EventQueue', () => {
  it('lets events happen in order of time, and of asking at the same time', () => {
    const queue = new EventQueue();
    const draw = seeded(5);
    const happened: { readonly at: number; readonly order: number }[] = [];
    for (let order = 0; order < 400; order += 1) {
      const at = Math.floor(draw() * 20);
      queue.after(at, () => happened.push({ at: queue.now, order }));
    }
    while (queue.step());
    expect(happened.length).toBe(400);
    expect(happened).toEqual(happened.toSorted((a, b) => a.at - b.at || a.order - b.order));
    expect([queue.now, queue.happened]).toEqual([19, 400]);
  });

  it('takes new events while old ones happen', () => {
    const queue = new EventQueue();
    const happened: string[] = [];
    queue.after(2, () => happened.push('second'));
    queue.after(1, () => queue.after(0.5, () => happened.push('first')));
    while (queue.step());
    expect(happened).toEqual(['first', 'second']);
  });
});
