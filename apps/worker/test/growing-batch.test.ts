import type { Contribution, SlotComputer } from '@geodesic/cluster';
import { rootBlock } from '@geodesic/cluster';
import { openDataset } from '@geodesic/data';
import { decodeBundle, encodeBundle } from '@geodesic/engine';
import { batchAt, examplesBefore, totalSteps, validateRunSpec } from '@geodesic/run-spec';
import { describe, expect, it } from 'vitest';
import { createSlotComputer } from '../src/slot-program.ts';
import { digitsBundle, parameterCount } from './digits-bundle.ts';

const growth = { to: 700, steps: 4 };
const { size } = openDataset({ source: 'digits', validation: 0.1 }).split('train');
const bundle = decodeBundle(digitsBundle('reference'));
const spec = validateRunSpec({ ...(bundle.spec as object), batch: { examples: 128, slots: 2, growth } }, 'test');
const bytes = encodeBundle({ ...bundle, spec });

async function computer(): Promise<SlotComputer> {
  const started = await createSlotComputer(bytes);
  started.load({ parameters: new Float32Array(parameterCount).fill(0.1), state: new Float32Array(0), previous: new Float32Array(0) });
  return started;
}

describe('createSlotComputer with a growing batch', () => {
  it('sees as many examples a step as the schedule says, over all slots of that step, and an epoch in one epoch', async () => {
    const on = await computer();
    const steps = totalSteps({ epochs: 1, batch: spec.batch }, size);
    let seen = 0;
    for (let step = 1; step <= steps; step++) {
      const { examples, slots } = batchAt(spec.batch, step);
      expect(examplesBefore(spec.batch, { step, trainExamples: size })).toBe(seen);
      const total: Contribution = await on.compute({ step, attempt: 0, phase: 'grad', block: rootBlock(slots) });
      expect(total.count).toBe(step < steps ? examples : size - seen);
      seen += total.count;
    }
    expect(seen).toBe(size);
    expect([1, 2, 3, 4, 5].map((step) => batchAt(spec.batch, step))).toEqual([
      { examples: 128, slots: 2 },
      { examples: 196, slots: 4 },
      { examples: 299, slots: 8 },
      { examples: 458, slots: 8 },
      { examples: 700, slots: 16 },
    ]);
  });
});
