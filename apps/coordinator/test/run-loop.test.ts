import { combine, vectorDigest } from '@geodesic/cluster';
import type { RoundFailure } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { scripted, settled, Stage } from './run-loop-stage.ts';

const direction = Float32Array.of(1, 2);

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

describe('RunLoop with rounds of a quadratic step', () => {
  const state = new Float32Array(0);
  const update = { combination: { direction, alpha: 0.5, mu: 0.25 }, state };

  it('keeps what rounds and updates name where workers can fetch it', async () => {
    const other = Float32Array.of(7, 8);
    const stage = new Stage(
      scripted([
        { phase: 'quad', inputs: { vectors: { direction } }, answer: {} },
        { phase: 'trial', inputs: { vectors: {}, move: { direction: other, alpha: 1, mu: 0 } }, answer: { update } },
        { step: 2, answer: {} },
        { step: 2, attempt: 1, answer: {} },
      ]),
    );
    void stage.loop.run();
    await settled();
    const kept = (): boolean[] => [direction, other].map((vector) => stage.objects.find(vectorDigest(vector)) !== undefined);
    expect(stage.rounds[0].plan.inputs).toEqual({ vectors: [{ name: 'direction', digest: vectorDigest(direction), length: 2 }] });
    expect(kept()).toEqual([true, false]);
    await stage.completeRound();
    expect(kept()).toEqual([true, true]);
    await stage.completeRound();
    expect(stage.history).toContain(`publish 1 ${vectorDigest(direction).slice(0, 10)}`);
    await stage.write();
    await stage.completeRound();
    expect(kept()).toEqual([true, false]); // the update's, whose followers may still be on their way
    expect(stage.committed.parameters).toEqual(combine(direction, new Float32Array(2), 0.5, 0.25));
  });

  it('logs a rejected attempt before anything later, and the attempt that succeeded with the step', async () => {
    const rejected = { reason: 'the objective rose', damping: 3 };
    const stage = new Stage(
      scripted([
        { phase: 'trial', answer: { rejected } },
        { phase: 'trial', attempt: 1, answer: { update, layers: [{ layer: 'first', moved: 0.5 }] } },
      ]),
    );
    const end = stage.loop.run();
    await settled();
    await stage.completeRound();
    await stage.completeRound();
    expect(stage.appends.map(({ entry }) => entry)).toMatchObject([{ type: 'rejected', step: 1, attempt: 0, phase: 'trial', ...rejected }]);
    expect(stage.history).toEqual(['round trial 1 at version 0', 'round trial 1 at version 0']);
    await stage.write();
    expect(stage.appends[1].entry).toMatchObject({ type: 'step', step: 1, attempt: 1, version: 1 });
    await stage.write();
    expect(await end).toBe('completed');
    expect(stage.history.slice(2)).toEqual([
      'rejected 1.0: the objective rose, 3',
      `publish 1 ${vectorDigest(direction).slice(0, 10)}`,
      'advanced 1',
      'refreshed after 1: [{"layer":"first","moved":0.5}]',
      'committed 1 with 10',
    ]);
  });

  it('goes on after a round that no worker can compute when the trainer takes the last change back', async () => {
    const failures: RoundFailure[] = [];
    const back = { combination: { direction: new Float32Array(2), alpha: 0, mu: -1 }, state };
    const rejected = { reason: 'NaN after step 1', damping: 5 };
    const stage = new Stage(
      scripted([{ answer: { update } }, { step: 2, answer: {} }, { step: 2, attempt: 1, answer: {} }], (failure) => {
        failures.push(failure);
        return { update: back, rejected };
      }),
    );
    const end = stage.loop.run();
    await settled();
    await stage.completeRound();
    await stage.write();
    await stage.failRound();
    expect(failures).toEqual([{ step: 2, attempt: 0, phase: 'grad', reason: 'Log makes NaN', worker: 'w1' }]);
    const position = stage.committed.position;
    expect(stage.appends[1].entry).toMatchObject({ type: 'rejected', step: 2, attempt: 0, phase: 'grad', ...rejected, position });
    expect([position.version, [...stage.committed.parameters], stage.loop.step]).toEqual([2, [0, 0], 1]);
    await stage.write();
    await stage.completeRound();
    expect(await end).toBe('completed');
    expect(stage.history.slice(-2)).toEqual(['round grad 2 at version 2', 'rejected 2.0: NaN after step 1, 5 (w1: Log makes NaN)']);
    expect(stage.history.filter((line) => line.startsWith('advanced'))).toEqual(['advanced 1']);
  });

  it('goes on without an evaluation that no worker can compute when the trainer leaves it out, and says so', async () => {
    const stage = new Stage(scripted([{ step: 0, phase: 'eval/validation', answer: {} }, { answer: { update } }], () => ({})));
    const end = stage.loop.run();
    await settled();
    await stage.failRound();
    await stage.completeRound();
    await stage.write();
    expect(await end).toBe('completed');
    expect(stage.history.filter((line) => !line.startsWith('round'))).toEqual([
      'no eval/validation after 0: w1',
      'publish 1 sha256:b9c',
      'advanced 1',
      'committed 1 with 10',
    ]);
  });

  it.each([['has no answer', (): undefined => undefined] as const, ['knows no failures', undefined] as const])(
    'fails, naming the worker, when the trainer %s',
    async (_, onFailure) => {
      const stage = new Stage(scripted([{ answer: {} }], onFailure));
      const end = stage.loop.run().catch((error: unknown) => error);
      await settled();
      await stage.failRound();
      expect(await end).toMatchObject({ code: 'PROGRAM_FAILED', message: 'Log makes NaN (met by w1)' });
    },
  );
});
