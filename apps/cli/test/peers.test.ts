/** The peers that natural gradient is measured against, from the spec to the worker, with the defaults of the spec. */
import { describe, expect, it } from 'vitest';
import { inBlocks } from './reduce-blocks.ts';
import { runInProcess, specOf } from './run-in-process.ts';

const common = {
  name: 'peers',
  seed: 1,
  model: { recipe: 'autoencoder', hidden: [20, 6] },
  data: { source: 'curves', side: 8, examples: 64 },
  batch: { examples: 64, slots: 4 },
  steps: 12,
  evaluate: { every: 0 },
};

describe('a run with a peer', () => {
  it.each([
    { method: 'soap' },
    { method: 'shampoo' },
    { method: 'shampoo', graft: 'none', momentum: 0.5 },
    { method: 'muon', adamParameters: ['encoder1.weight', 'decoder2.weight'] },
    { method: 'lbfgs' },
  ])('learns with $method, to the same bits on one worker and on four', async (group) => {
    const spec = specOf({ ...common, optimizer: { groups: [{ name: 'all', match: ['**'], ...group }] } });
    const alone = await runInProcess(spec);
    const losses = alone.history.map(({ trainLoss }) => trainLoss);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
    const together = await runInProcess(spec, inBlocks(4));
    expect(together.digest).toBe(alone.digest);
  });
});
