import type { Contribution, LogEntry, RoundPlan } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { CommittedParameters } from '../src/committed-parameters.ts';
import { RunLoop } from '../src/run-loop.ts';
import type { RunTrainer } from '../src/run-meta.ts';
import type { CompletedRound } from '../src/worker-pool.ts';

/** A run of two steps and an evaluation, whose disk and workers answer when the test says so. */
class Stage {
  readonly history: string[] = [];
  readonly rounds: { plan: RoundPlan; resolve: (round: CompletedRound) => void; reject: (error: Error) => void }[] = [];
  readonly appends: { entry: LogEntry; resolve: () => void; reject: (error: Error) => void }[] = [];
  workers = 1;
  readonly loop: RunLoop;

  constructor() {
    const trainer = threeRounds();
    this.loop = new RunLoop({
      run: 'r',
      trainer,
      committed: new CommittedParameters(trainer),
      publisher: { publish: ({ version }) => this.history.push(`publish ${version}`) },
      pool: pooled(this),
      log: {
        append: (entry) => new Promise<void>((resolve, reject) => this.appends.push({ entry, resolve, reject })),
      },
      observer: {
        advanced: (step) => this.history.push(`advanced ${step}`),
        committed: ({ step, examples }) => this.history.push(`committed ${step} with ${examples}`),
        evaluated: ({ step, split }) => this.history.push(`${split} after ${step}`),
      },
    });
  }

  /** Answers the round in progress and lets everything that follows from it happen. */
  async completeRound(): Promise<void> {
    const { plan, resolve } = this.rounds.at(-1)!;
    const total: Contribution = {
      block: { level: 0, index: 0 },
      count: 10,
      scalars: new Float64Array(1),
      sums: new Float32Array(plan.sumsLength),
    };
    resolve({ total, coverage: [] });
    await settled();
  }
}

function pooled(stage: Stage): { size: number; round(plan: RoundPlan): Promise<CompletedRound>; interrupt(error: Error): void } {
  return {
    get size() {
      return stage.workers;
    },
    round: (plan) =>
      new Promise((resolve, reject) => {
        stage.history.push(`round ${plan.phase} ${plan.step} at version ${plan.version}`);
        stage.rounds.push({ plan, resolve, reject });
      }),
    interrupt: (error) => stage.rounds.at(-1)?.reject(error),
  };
}

function threeRounds(): RunTrainer {
  const plans = [1, 2, 3].map((round) => ({
    step: Math.min(round, 2),
    attempt: 0,
    phase: round === 3 ? 'eval/test' : 'grad',
    slots: 1,
    sumsLength: 2,
    scalarsLength: 1,
  }));
  const state = new Float32Array(0);
  return {
    parameters: new Float32Array(2),
    state,
    plan: () => plans[0],
    absorb: () => {
      const { phase } = plans.shift()!;
      if (phase === 'grad') return { update: { delta: Float32Array.of(1, 1), state } };
      return { evaluation: { split: 'test', loss: 1, accuracy: 1, examples: 10 } };
    },
  };
}

/** Lets promise chains run to where they wait for the outside. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('RunLoop', () => {
  it('streams the update and starts the next round while the commit becomes durable, and announces it only then', async () => {
    const stage = new Stage();
    const end = stage.loop.run();
    await stage.completeRound();
    expect(stage.history).toEqual(['round grad 1 at version 0', 'publish 1', 'advanced 1', 'round grad 2 at version 1']);
    await stage.completeRound();
    expect(stage.history).toHaveLength(4); // at most one commit is under way
    stage.appends[0].resolve();
    await settled();
    expect(stage.history.slice(4)).toEqual(['committed 1 with 10', 'publish 2', 'advanced 2', 'round eval/test 2 at version 2']);
    stage.appends[1].resolve();
    await stage.completeRound();
    expect(stage.history.slice(8)).toEqual(['committed 2 with 10', 'test after 2']);
    expect(await end).toBe('completed');
    expect(stage.appends.map(({ entry }) => entry)).toMatchObject([
      { type: 'step', step: 1, version: 1, examples: 10 },
      { type: 'step', step: 2, version: 2 },
    ]);
  });

  it('fails with the error of the log, also while a round waits for workers', async () => {
    const stage = new Stage();
    const end = stage.loop.run().catch((error: unknown) => error);
    await stage.completeRound();
    stage.appends[0].reject(new Error('disk full'));
    expect(await end).toMatchObject({ message: 'disk full' });
    expect(stage.history.some((line) => line.startsWith('committed'))).toBe(false);
  });

  it('stops after the round in progress', async () => {
    const stage = new Stage();
    const end = stage.loop.run();
    stage.loop.stop('enough');
    await stage.completeRound();
    stage.appends[0].resolve();
    expect(await end).toBe('stopped');
    expect(stage.history.at(-1)).toBe('committed 1 with 10');
    expect([stage.loop.step, stage.loop.stopReason]).toEqual([1, 'enough']);
  });

  it('stops at once when nobody computes the round', async () => {
    const stage = new Stage();
    stage.workers = 0;
    const end = stage.loop.run();
    await settled();
    stage.loop.stop('enough');
    expect(await end).toBe('stopped');
    expect(stage.appends).toEqual([]);
  });
});
