/** Methods of several rounds a step on real processes: the bits of one worker, whoever dies in mid-step and joins late. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, paramsDigest } from '@geodesic/checkpoint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataOf, geo, startGeo } from './geo-process.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

let runs: string;

beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'geo-rounds-'))));
afterEach(() => rmSync(runs, { recursive: true }));

const common = { seed: 1, data: { source: 'digits' }, evaluate: { every: 0 }, checkpoint: { every: 10 } };

/** Rounds grad-stats, quad and trial, factors in int8. */
const adaptive = {
  ...common,
  name: 'adaptive',
  model: { recipe: 'autoencoder', hidden: [48, 24, 8] },
  batch: { examples: 1348, slots: 16 },
  steps: 24,
  optimizer: {
    search: { rule: 'quadratic' },
    codec: { kind: 'int8', level: 1 },
    groups: [{ name: 'all', match: ['**'], method: 'kfac' }],
  },
};

/** Rounds grad-stats, basis, gram, products, quad and trial: EK-FAC, the kernel trick and conjugate gradients side by side. */
const mixed = {
  ...common,
  name: 'mixed',
  model: { recipe: 'mlp-classifier', hidden: [32, 16] },
  batch: { examples: 512, slots: 8 },
  steps: 14,
  optimizer: {
    search: { rule: 'quadratic', calibrate: true },
    groups: [
      { name: 'first', match: ['dense1'], method: 'ekfac', burnIn: 2 },
      { name: 'second', match: ['dense2'], method: 'kernel', spring: 0.5 },
      { name: 'last', match: ['**'], method: 'cg', iterations: 2 },
    ],
  },
};

/** The digest of the last parameters of a run that goes on, in this process, from a checkpoint of a run's folder. */
async function resumed(directory: string, step: number): Promise<string> {
  const { files } = await new CheckpointStore(join(directory, 'checkpoints')).read(step);
  const cluster = new SimulatedCluster(readFileSync(join(directory, 'bundle.bin')));
  const { trainer } = await cluster.run({ workers: 2 }, { from: { step, files } });
  return paramsDigest(trainer.layout, trainer.parameters);
}

describe('geo run of a method with several rounds a step', () => {
  it.each([adaptive, mixed])(
    'has the bits of one worker when one of three is killed in mid-step and comes back late, and goes on from its checkpoint: $name',
    async (spec) => {
      const path = join(runs, 'run.json');
      writeFileSync(path, JSON.stringify(spec));
      const args = ['run', path, '--runs', runs];
      const alone = await geo(...args, '--workers', '1', '--format', 'json');
      const running = startGeo(...args, '--workers', '3', '--format', 'jsonl');
      const { data } = await running.event(({ type, data: { worker } }) => type === 'worker.joined' && worker === 'worker-2');
      await running.event(({ type, data: { step } }) => type === 'step.committed' && step === 3);
      process.kill(Number(data['pid']), 'SIGKILL');
      await running.event(({ type }) => type === 'worker.lost');
      await running.event(({ type, data: { worker, pid } }) => type === 'worker.joined' && worker === 'worker-2' && pid !== data['pid']);
      const result = await running.ended;
      expect(result.exitCode).toBe(0);
      expect(result.stderr).toContain('killed by SIGKILL); started again');
      const { paramsDigest: digest, directory } = dataOf(result);
      expect(digest).toBe(dataOf(alone)['paramsDigest']);
      expect(await resumed(String(directory), 10)).toBe(digest);
    },
  );
});
