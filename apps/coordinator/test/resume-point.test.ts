import type { Checkpoint, GoodCheckpoint } from '@geodesic/checkpoint';
import { CheckpointError } from '@geodesic/checkpoint';
import type { LogView } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { CoordinatorError } from '../src/errors.ts';
import { openResumePoint } from '../src/resume-point.ts';
import { requireFingerprint } from '../src/solve-fingerprint.ts';

const view = {
  run: { chain: 'c0' },
  commits: [1, 2, 3].map((step) => ({ type: 'step', step, version: step, chain: `c${step}` })),
} as unknown as LogView;

function checkpointAt(step: number, version = step): Checkpoint {
  const facts = { run: 'r', step, version, chain: `c${step}`, checksum: 'x', paramsDigest: 'sha256:00' };
  return { manifest: { facts }, files: new Map() } as unknown as Checkpoint;
}

/** Checkpoints of which some cannot be read. */
function storeOf(checkpoints: readonly Checkpoint[], damaged: readonly number[] = []) {
  return {
    newestGood: ({ atMost = Infinity }: { readonly atMost?: number } = {}): Promise<GoodCheckpoint> => {
      const steps = checkpoints.map((checkpoint) => ({ step: checkpoint.manifest.facts['step'] as number, checkpoint }));
      const within = steps.filter(({ step }) => step <= atMost).toReversed();
      const good = within.find(({ step }) => !damaged.includes(step));
      const reason = 'the file was altered';
      if (!good) {
        const nothing = { source: 'r', expected: 'a checkpoint', got: 'none', hint: '' };
        return Promise.reject(new CheckpointError('missing', nothing));
      }
      return Promise.resolve({ ...good, skipped: within.slice(0, within.indexOf(good)).map(({ step }) => ({ step, reason })) });
    },
  };
}

const bundle = new Uint8Array(0);
const unfit = (): never => {
  throw new CoordinatorError('CHECKPOINT_UNFIT', 'resume: expected the state after step 3', { hint: '', exitCode: 65 });
};

describe('openResumePoint', () => {
  it('takes the newest checkpoint that can be read, is of the log and fits the bundle, and says which it skipped', async () => {
    const store = storeOf([checkpointAt(0), checkpointAt(1), checkpointAt(2, 7), checkpointAt(3)], [3]);
    const steps: number[] = [];
    const createTrainer = async (_bundle: Uint8Array, resume?: { step: number }): Promise<never> => {
      steps.push(resume!.step);
      return (resume!.step === 1 ? unfit() : {}) as never;
    };
    const point = await openResumePoint({ store, view, bundle, createTrainer });
    expect([point.facts.step, steps]).toEqual([0, [1, 0]]);
    expect(point.skipped.map(({ step }) => step)).toEqual([3, 2, 1]);
    expect(point.skipped[1].reason).toContain('step 2 at version 7');
    const early = await openResumePoint({ store, view, bundle, createTrainer: async () => ({}) as never, atMost: 2 });
    expect(early.facts.step).toBe(1);
  });

  it('says what is wrong with the newest one when none fits, and that the bundle cannot be run', async () => {
    const store = storeOf([checkpointAt(0)]);
    await expect(openResumePoint({ store, view, bundle, createTrainer: unfit })).rejects.toMatchObject({ code: 'CHECKPOINT_UNFIT' });
    const broken = (): never => {
      throw new Error('no such data');
    };
    await expect(openResumePoint({ store, view, bundle, createTrainer: broken })).rejects.toMatchObject({
      code: 'BUNDLE',
      message: '--resume: expected a bundle that can be run, got no such data',
    });
  });
});

describe('requireFingerprint', () => {
  it('names the first field that differs, in code-unit order', () => {
    const logged = { node: '20.19.0', v8: '11' };
    requireFingerprint(logged, { ...logged });
    requireFingerprint(undefined, logged);
    expect(() => requireFingerprint(logged, { node: '22.1.0', v8: '12' })).toThrow(
      '--resume: fingerprint.node: expected "20.19.0", got "22.1.0"',
    );
  });
});
