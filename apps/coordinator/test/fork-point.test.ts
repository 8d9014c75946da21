import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, float32Tensor } from '@geodesic/checkpoint';
import { createRunFolder } from '@geodesic/run-store';
import type { RunFolder } from '@geodesic/run-store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openForkPoint, openLearning } from '../src/fork-point.ts';
import type { RunMeta } from '../src/run-meta.ts';

let runs: string;
let folder: RunFolder;

beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'geodesic-fork-'));
  folder = await createRunFolder({ runs, name: 'digits', spec: {}, bundle: new Uint8Array(1), now: new Date(0) });
  await writeFile(folder.file('commit.log'), '');
  const previous = float32Tensor([2], Float32Array.of(1, 2));
  const files = { 'state.safetensors': { tensors: new Map([['previous', previous]]) } };
  const facts = { run: folder.runId, step: 10, version: 12, chain: 'c', checksum: 'x', paramsDigest: 'sha256:00' };
  await new CheckpointStore(folder.checkpoints).write(10, { files, facts });
});

afterAll(() => rm(runs, { recursive: true, force: true }));

describe('openForkPoint', () => {
  it('stands where the checkpoint of the parent stands', async () => {
    const fork = await openForkPoint(runs, { run: folder.runId, step: 10 });
    expect(fork.parent).toEqual({ run: folder.runId, step: 10, paramsDigest: 'sha256:00' });
    expect([fork.resume.step, [...fork.resume.files.keys()]]).toEqual([10, ['state.safetensors']]);
    const position = { version: 12, chain: 'c', checksum: 'x' };
    expect(fork.positionFor({ usesPrevious: true } as RunMeta)).toEqual({ ...position, previous: Float32Array.of(1, 2) });
    expect(fork.positionFor({} as RunMeta)).toEqual({ ...position, previous: new Float32Array(0) });
  });

  it('refuses a step without a checkpoint, naming those that there are, and anything that is no run of the folder', async () => {
    await expect(openForkPoint(runs, { run: folder.runId, step: 9 })).rejects.toMatchObject({
      code: 'REFUSED',
      message: `fork: expected a step with a checkpoint of ${folder.runId} (10), got 9`,
    });
    for (const run of ['', 'nobody', `../${folder.runId}`])
      await expect(openForkPoint(runs, { run, step: 10 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('openLearning', () => {
  it('begins the optimiser anew where its state does not fit, and says so', async () => {
    const fork = await openForkPoint(runs, { run: folder.runId, step: 10 });
    const asked: (boolean | undefined)[] = [];
    const createTrainer = async (_bundle: Uint8Array, resume?: { freshOptimizer?: boolean }): Promise<never> => {
      asked.push(resume?.freshOptimizer);
      if (resume?.freshOptimizer !== true) throw Object.assign(new Error('another optimiser'), { code: 'CHECKPOINT_UNFIT' });
      return {} as never;
    };
    const bundle = new Uint8Array(0);
    expect(await openLearning(createTrainer, bundle, fork)).toEqual({ hasFreshOptimizer: true });
    expect(asked).toEqual([undefined, true]);
    await expect(openLearning(createTrainer, bundle, undefined)).rejects.toThrow('another optimiser');
  });
});
