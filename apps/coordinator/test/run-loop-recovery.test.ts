import type { LogEntry, StepEntry } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import type { RunLoopOptions } from '../src/run-loop.ts';
import { FakeJournal, settled, Stage, threeRounds } from './run-loop-stage.ts';

/** A run of two steps and an evaluation, to its end. */
async function undisturbed(journal: FakeJournal): Promise<{ readonly entries: readonly StepEntry[]; readonly digest: string }> {
  const stage = new Stage(threeRounds(), { journal });
  const end = stage.loop.run();
  for (let step = 0; step < 2; step++) await stage.commitRound();
  await stage.completeRound();
  expect(await end).toBe('completed');
  return { entries: stage.appends.map(({ entry }) => entry as StepEntry), digest: stage.committed.position.chain };
}

function resumed(ahead: readonly LogEntry[], options: Partial<RunLoopOptions> = {}): Stage {
  return new Stage(threeRounds(), { ahead: ahead as StepEntry[], ...options });
}

describe('RunLoop with a log that is ahead', () => {
  it('makes steps again from the journal, without workers, and neither writes nor announces them again', async () => {
    const journal = new FakeJournal();
    const { entries, digest } = await undisturbed(journal);
    const stage = resumed(entries, { journal });
    expect(await stage.loop.run()).toBe('completed');
    expect(stage.history).toEqual(['publish 1', 'advanced 1', 'reproduced 1', 'publish 2', 'advanced 2', 'reproduced 2', 'test after 2']);
    expect([stage.rounds, stage.appends, stage.committed.position.chain]).toEqual([[], [], digest]);
    expect(stage.loop.rounds).toEqual({ replayed: 3, recomputed: 0 });
  });

  it('has workers compute what the journal lost, and goes on writing where the log ends', async () => {
    const journal = new FakeJournal();
    const { entries, digest } = await undisturbed(journal);
    const stage = resumed(entries.slice(0, 1));
    const end = stage.loop.run();
    await stage.completeRound();
    expect([stage.appends.length, stage.loop.ahead]).toEqual([0, 0]);
    await stage.commitRound();
    await stage.completeRound();
    expect(await end).toBe('completed');
    expect(stage.appends.map(({ entry }) => entry)).toMatchObject([{ type: 'step', step: 2, chain: entries[1].chain }]);
    expect(stage.committed.position.chain).toBe(digest);
    expect(stage.loop.rounds).toEqual({ replayed: 0, recomputed: 3 });
  });

  it('ends with the field that differs when a step comes out otherwise', async () => {
    const { entries } = await undisturbed(new FakeJournal());
    const stage = resumed([{ ...entries[0], chain: '00' }]);
    const end = stage.loop.run().catch((error: unknown) => error);
    await stage.completeRound();
    expect(await end).toMatchObject({ name: 'LogMismatchError', step: 1, field: 'chain' });
    expect(stage.appends).toEqual([]);
  });

  it('is paused where the log says, and not before', async () => {
    const { entries } = await undisturbed(new FakeJournal());
    const stage = resumed(entries.slice(0, 1), { pausedFrom: 2 });
    const end = stage.loop.run();
    await stage.completeRound();
    expect([stage.history.at(-1), stage.loop.isPaused]).toEqual(['paused before 2', true]);
    const resume = stage.loop.control({ action: 'resume', reason: 'back' });
    await settled();
    expect(stage.rounds).toHaveLength(1); // durable before it takes effect
    await stage.write();
    expect(await resume).toMatchObject({ action: 'resume', step: 2 });
    await stage.commitRound();
    await stage.completeRound();
    expect(await end).toBe('completed');
  });
});

describe('RunLoop', () => {
  it('pauses after the step under way, and says so when the request is durable', async () => {
    const stage = new Stage();
    void stage.loop.run();
    const paused = stage.loop.control({ action: 'pause', reason: 'lunch' });
    await stage.write();
    expect(await paused).toMatchObject({ action: 'pause', step: 2, reason: 'lunch' });
    await stage.commitRound();
    expect(stage.history.slice(-2).toSorted()).toEqual(['committed 1 with 10', 'paused before 2']);
    expect(stage.rounds).toHaveLength(1);
  });

  it('refuses requests once it is ending', async () => {
    const stage = new Stage();
    stage.workers = 0;
    const end = stage.loop.run();
    stage.loop.stop('enough');
    await expect(stage.loop.control({ action: 'pause', reason: 'late' })).rejects.toThrow('got one that is ending');
    expect(await end).toBe('stopped');
  });

  it('announces what is durable when the trainer fails, and fails with its error', async () => {
    const trainer = threeRounds();
    let rounds = 0;
    const stage = new Stage({
      ...trainer,
      absorb: (total) => {
        rounds += 1;
        if (rounds === 2) throw new Error('singular');
        return trainer.absorb(total);
      },
    });
    const end = stage.loop.run().catch((error: unknown) => error);
    await stage.completeRound();
    await stage.completeRound();
    await stage.write();
    expect(await end).toMatchObject({ message: 'singular' });
    expect(stage.history.at(-1)).toBe('committed 1 with 10');
  });

  it('begins no round before the gate opens', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const stage = new Stage(threeRounds(), { gate: () => gate });
    void stage.loop.run();
    await settled();
    expect(stage.rounds).toEqual([]);
    open();
    await settled();
    expect(stage.rounds).toHaveLength(1);
  });

  it('tells the pool which slots the log of a relaxed run left out', async () => {
    const { entries } = await undisturbed(new FakeJournal());
    const [{ rounds: [round] = [] }] = entries;
    const stage = resumed([{ ...entries[0], rounds: [{ ...round, dropped: [3] }] }]);
    void stage.loop.run();
    await settled();
    expect(stage.rounds[0].dropped).toEqual([3]);
  });
});
