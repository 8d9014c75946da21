import { describe, expect, it } from 'vitest';
import { reduceBlocks, type Total } from './reduce-blocks.ts';
import { runInProcess, specOf, type TotalOf } from './run-in-process.ts';

const written = {
  name: 'slot-order',
  seed: 3,
  model: { recipe: 'ndm-classifier', width: 6, blocks: 1, hidden: 4, metric: { rank: 2, basis: 2, hidden: 4 } },
  data: { source: 'digits', validation: 0.1 },
  batch: { examples: 256, slots: 4 },
  steps: 6,
  evaluate: { every: 3 },
};

/** Computes slot after slot in an order, then adds along the tree. */
function inOrder(order: (slots: readonly number[]) => readonly number[]): TotalOf {
  return async (compute, slots) => {
    const nodes: Total[] = [];
    for (const index of order(Array.from({ length: slots }, (_, i) => i))) nodes[index] = await compute({ level: 0, index });
    return reduceBlocks(nodes);
  };
}

describe('a run of the NDM', () => {
  it('has the same digest whatever the order in which its slots are computed, one by one or as blocks', async () => {
    const spec = specOf(written);
    const whole = await runInProcess(spec);
    const runs = [
      await runInProcess(
        spec,
        inOrder((slots) => slots),
      ),
      await runInProcess(
        spec,
        inOrder((slots) => slots.toReversed()),
      ),
      await runInProcess(
        spec,
        inOrder((slots) => slots.toSorted((a, b) => (a & 1) - (b & 1) || b - a)),
      ),
    ];
    expect(runs.map(({ digest }) => digest)).toEqual(runs.map(() => whole.digest));
    expect(runs.map(({ measurements }) => measurements)).toEqual(runs.map(() => whole.measurements));
  });

  it('has another digest with another seed, or when the slots are cut differently', async () => {
    const digests = await Promise.all(
      [written, { ...written, seed: 4 }, { ...written, batch: { examples: 256, slots: 2 } }].map(
        async (changed) => (await runInProcess(specOf(changed))).digest,
      ),
    );
    expect(new Set(digests).size).toBe(3);
  });
});
