import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LeaseMachine } from '../src/lease-machine.ts';
import { LeaseWorld } from './lease-world.ts';
import type { Stay } from './lease-world.ts';

const holderOf = (leader: string, leaseMs = 600): { leader: string; address: string; folder: string; leaseMs: number } => ({
  leader,
  address: `${leader}:1`,
  folder: leader,
  leaseMs,
});
const [self, other] = [holderOf('self'), holderOf('other')];
const calm = { delayMs: 4, lossRate: 0 };

function leading(): LeaseMachine {
  const machine = new LeaseMachine(self, { atMs: 0 });
  machine.handle({ type: 'tick', atMs: 0 });
  machine.handle({ type: 'observed', atMs: 1, revision: 0, holder: undefined });
  expect(machine.handle({ type: 'written', atMs: 2, revision: 1 })).toEqual([{ type: 'won' }]);
  return machine;
}

describe('LeaseMachine', () => {
  it('takes a lease that nobody holds at the first look, and renews it every third of its time', () => {
    const machine = new LeaseMachine(self, { atMs: 0 });
    expect(machine.handle({ type: 'tick', atMs: 0 })).toEqual([{ type: 'read' }]);
    expect(machine.wakeAtMs).toBeUndefined();
    expect(machine.handle({ type: 'observed', atMs: 1, revision: 7, holder: undefined })).toEqual([
      { type: 'write', revision: 7, holder: self },
    ]);
    expect([machine.isHeld, machine.holder]).toEqual([false, undefined]);
    expect(machine.handle({ type: 'written', atMs: 5, revision: 8 })).toEqual([{ type: 'won' }]);
    expect([machine.isHeld, machine.holder, machine.wakeAtMs]).toEqual([true, self, 201]);
    expect(machine.handle({ type: 'tick', atMs: 200 })).toEqual([]);
    expect(machine.handle({ type: 'tick', atMs: 201 })).toEqual([{ type: 'write', revision: 8, holder: self }]);
  });

  it('looks six times in a lease, and takes it when its revision was the same for the holder’s own time', () => {
    const machine = new LeaseMachine(holderOf('self', 6000), { atMs: 0 });
    for (let atMs = 0; atMs < 600; atMs += 100) {
      expect(machine.handle({ type: 'tick', atMs })).toEqual([{ type: 'read' }]);
      expect(machine.handle({ type: 'observed', atMs, revision: 3, holder: other })).toEqual([]);
      expect(machine.wakeAtMs).toBe(atMs + 100);
    }
    machine.handle({ type: 'tick', atMs: 600 });
    expect(machine.handle({ type: 'observed', atMs: 600, revision: 3, holder: other })).toMatchObject([{ type: 'write', revision: 3 }]);
  });

  it('counts anew after every renewal, and after a time in which it could not look', () => {
    const machine = new LeaseMachine(self, { atMs: 0 });
    const look = (atMs: number, revision: number): unknown => {
      machine.handle({ type: 'tick', atMs });
      return machine.handle({ type: 'observed', atMs, revision, holder: other });
    };
    for (const [atMs, revision] of [[0, 3], [200, 3], [400, 4], [650, 4], [5000, 4], [5300, 4]] as const) expect(look(atMs, revision)).toEqual([]); // prettier-ignore
    expect(look(5600, 4)).toMatchObject([{ type: 'write', revision: 4 }]);
  });

  it('goes on as leader when it reads its own write, the answer to which was lost', () => {
    const machine = leading();
    machine.handle({ type: 'tick', atMs: 201 });
    expect(machine.handle({ type: 'failed', atMs: 401 })).toEqual([]);
    expect([machine.isHeld, machine.wakeAtMs]).toEqual([true, 501]);
    expect(machine.handle({ type: 'tick', atMs: 501 })).toEqual([{ type: 'read' }]);
    expect(machine.handle({ type: 'observed', atMs: 502, revision: 2, holder: self })).toMatchObject([{ type: 'write', revision: 2 }]);
    expect(machine.handle({ type: 'conflict', atMs: 503 })).toEqual([{ type: 'read' }]);
    expect(machine.isHeld).toBe(false);
    expect(machine.handle({ type: 'observed', atMs: 504, revision: 3, holder: self })).toEqual([]);
    expect(machine.isHeld).toBe(true);
  });

  it('wins by a write the answer to which was lost', () => {
    const machine = new LeaseMachine(self, { atMs: 0 });
    machine.handle({ type: 'tick', atMs: 0 });
    machine.handle({ type: 'observed', atMs: 1, revision: 0, holder: undefined });
    machine.handle({ type: 'failed', atMs: 200 });
    machine.handle({ type: 'tick', atMs: 300 });
    const [won, ...renewal] = machine.handle({ type: 'observed', atMs: 301, revision: 1, holder: self });
    expect(won).toEqual({ type: 'won' });
    expect(renewal).toMatchObject([{ type: 'write', revision: 1 }]);
  });

  it('loses it for ever when it reads another holder after a conflict', () => {
    const machine = leading();
    machine.handle({ type: 'tick', atMs: 900 });
    expect(machine.handle({ type: 'conflict', atMs: 901 })).toEqual([{ type: 'read' }]);
    expect(machine.handle({ type: 'observed', atMs: 902, revision: 2, holder: other })).toEqual([{ type: 'lost', holder: other }]);
    expect([machine.isHeld, machine.holder, machine.wakeAtMs]).toEqual([false, other, undefined]);
    expect(machine.handle({ type: 'observed', atMs: 903, revision: 3, holder: undefined })).toEqual([]);
  });

  it('stays leader for as long as nobody answers', () => {
    const machine = leading();
    for (let atMs = 201; atMs < 60_000; atMs = machine.wakeAtMs ?? Infinity) {
      expect(machine.handle({ type: 'tick', atMs })).toHaveLength(1);
      expect(machine.handle({ type: 'failed', atMs: atMs + 200 })).toEqual([]);
      expect(machine.isHeld).toBe(true);
    }
  });

  it('takes the lease again when its store was lost, and nobody else has it', () => {
    const machine = leading();
    machine.handle({ type: 'tick', atMs: 201 });
    machine.handle({ type: 'conflict', atMs: 202 });
    expect(machine.handle({ type: 'observed', atMs: 203, revision: 0, holder: undefined })).toMatchObject([{ type: 'write', revision: 0 }]);
    expect(machine.handle({ type: 'written', atMs: 204, revision: 1 })).toEqual([]);
    expect(machine.isHeld).toBe(true);
  });

  describe('release', () => {
    const release = { type: 'release', atMs: 300 } as const;

    it('lets a lease go by a write', () => {
      const machine = leading();
      expect(machine.handle(release)).toEqual([{ type: 'write', revision: 1, holder: undefined }]);
      expect(machine.handle({ type: 'written', atMs: 301, revision: 2 })).toEqual([{ type: 'released' }]);
      expect([machine.isHeld, machine.holder]).toEqual([false, undefined]);
    });

    it('waits for the answer to a renewal first', () => {
      const machine = leading();
      machine.handle({ type: 'tick', atMs: 201 });
      expect(machine.handle(release)).toEqual([]);
      expect(machine.handle({ type: 'written', atMs: 301, revision: 2 })).toEqual([{ type: 'write', revision: 2, holder: undefined }]);
      expect(machine.handle({ type: 'conflict', atMs: 302 })).toEqual([{ type: 'read' }]);
      expect(machine.handle({ type: 'observed', atMs: 303, revision: 4, holder: other })).toEqual([{ type: 'released' }]);
    });

    it('is over at once for a standby, and for whoever gets no answer', () => {
      expect(new LeaseMachine(self, { atMs: 0 }).handle(release)).toEqual([{ type: 'released' }]);
      const machine = leading();
      machine.handle(release);
      expect(machine.handle({ type: 'failed', atMs: 500 })).toEqual([{ type: 'released' }]);
    });
  });
});

describe('a cluster of LeaseMachines', () => {
  it('hands the lease on within its time and two looks of the last renewal, whenever the leader dies', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const world = new LeaseWorld(seed, calm);
      const diesAtMs = 1000 + world.random() * 1000;
      const first = world.add('first', { leaseMs: 600, diesAtMs });
      world.run(10);
      const others = Array.from({ length: 1 + (seed % 4) }, (_, i) => world.add(`other ${i}`, { leaseMs: 600 }));
      world.run(20_000);
      expect(first.won).toHaveLength(1);
      const taken = others.flatMap(({ won }) => won);
      expect(taken).toHaveLength(1);
      expect(taken[0] - diesAtMs).toBeLessThanOrEqual(600 + 2 * 100 + 8 * calm.delayMs);
    }
  });

  it('hands a lease that was let go of on at the next look', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const world = new LeaseWorld(seed, calm);
      const first = world.add('first', { leaseMs: 600 });
      world.run(500);
      const second = world.add('second', { leaseMs: 600 });
      world.run(1000 + 100 * world.random());
      const from = world.nowMs;
      world.release(first);
      world.run(from + 1000);
      expect(first.released).toHaveLength(1);
      expect(second.won[0] - from).toBeLessThanOrEqual(100 + 6 * calm.delayMs);
    }
  });

  it('leaves the lease with its leader through an outage of the store, however long', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const world = new LeaseWorld(seed, calm);
      const first = world.add('first', { leaseMs: 600 });
      world.run(100);
      const others = [world.add('second', { leaseMs: 600 }), world.add('third', { leaseMs: 600 })];
      world.outages.push({ fromMs: 1000, toMs: 1000 + world.random() * 10_000 });
      world.run(20_000);
      expect([first.won.length, first.lost.length]).toEqual([1, 0]);
      for (const { won } of others) expect(won).toEqual([]);
    }
  });

  it('has one holder at a time in the store, and who was too late learns it from its first answer, under any schedule', () => {
    for (let seed = 1; seed <= 400; seed++)
      expect({ seed, ...outcomeOf(seed) }).toEqual({ seed, mistaken: 0, isOnceEach: true, isHeldByItsWriter: true });
  });
});

/** A cluster under random weather, pauses, outages and deaths, which are over at 10 s: what has to be true of every one. */
function outcomeOf(seed: number): Readonly<Record<string, unknown>> {
  const weather = new LeaseWorld(seed, calm);
  const world = new LeaseWorld(seed, { delayMs: weather.random() * 150, lossRate: weather.random() * 0.3 });
  const stay = (): Stay => {
    const fromMs = weather.random() * 8000;
    return { fromMs, toMs: fromMs + weather.random() * 2000 };
  };
  if (seed % 3 === 0) world.outages.push(stay());
  const count = 2 + (seed % 4);
  for (let i = 0; i < count; i++) {
    const diesAtMs = i > 0 && weather.random() < 0.2 ? weather.random() * 10_000 : undefined;
    world.add(`m${i}`, { leaseMs: 600, pauses: weather.random() < 0.5 ? [stay()] : [], ...(diesAtMs !== undefined && { diesAtMs }) });
  }
  let mistaken = 0;
  world.onEvent = ({ machine, holder }, event) => {
    // The first answer after another has taken the lease is a conflict, or the other's name.
    const isAnothers = event.type === 'observed' && event.holder !== undefined && event.holder.leader !== holder.leader;
    if ((isAnothers || event.type === 'conflict') && machine.isHeld) mistaken++;
  };
  world.run(10_000);
  world.weather = calm;
  world.run(16_000);
  const alive = world.members.filter(({ diesAtMs }) => diesAtMs === undefined);
  const holding = alive.filter(({ machine }) => machine.isHeld).map(({ holder }) => holder.leader);
  const isAnyLeft = alive.some(({ lost }) => lost.length === 0);
  return {
    mistaken,
    isOnceEach: world.members.every(({ won, lost }) => won.length <= 1 && lost.length <= won.length),
    isHeldByItsWriter: isDeepStrictEqual(holding, isAnyLeft ? [world.writers.at(-1)?.leader] : []),
  };
}
