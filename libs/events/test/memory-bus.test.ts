import { describe, expect, it } from 'vitest';
import { MemoryBus } from '../src/index.ts';
import { describeBus } from './bus-conformance.ts';
import { own, paused } from './sample-events.ts';

describeBus('MemoryBus', async () => ({ bus: new MemoryBus(), dispose: () => Promise.resolve() }));

describe('MemoryBus', () => {
  it('keeps the newest events only, and knows the ids of these', async () => {
    const bus = new MemoryBus({ maxEvents: 3 });
    for (let sequence = 1; sequence <= 20; sequence++) await bus.publish(own(paused(sequence), `r${sequence}`));
    expect(await bus.runs()).toEqual(['r18', 'r19', 'r20']);
    expect(await bus.lastOf('r17')).toBeUndefined();
    await bus.publish(own(paused(18), 'r18'));
    expect(await bus.runs()).toEqual(['r18', 'r19', 'r20']);
    await bus.publish(own(paused(17), 'r17'));
    expect(await bus.runs()).toEqual(['r19', 'r20', 'r17']);
  });

  it('goes on with the oldest event that is kept when a follower was too slow', async () => {
    const bus = new MemoryBus({ maxEvents: 2 });
    const events = bus.follow({ signal: new AbortController().signal });
    await bus.publish(own(paused(1)));
    expect((await events.next()).value?.position).toBe(1);
    for (let sequence = 2; sequence <= 6; sequence++) await bus.publish(own(paused(sequence)));
    expect((await events.next()).value?.position).toBe(5);
    expect((await events.next()).value?.position).toBe(6);
  });
});
