/** Every method by the native executor on 1, 2, 3, 4 and 7 workers in disorder: one digest each. */
import { describe, expect, it } from 'vitest';
import { bundleOf, furtherCases, methodCases } from './method-cases.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

describe('a run by each method, natively', () => {
  it.each([...methodCases, ...furtherCases])('has the same bits on 1, 2, 3, 4 and 7 workers: $title', async (one) => {
    const cluster = new SimulatedCluster(bundleOf(one, { engine: 'onnx-cpu', steps: 8 }));
    const alone = await cluster.run({ workers: 1 });
    for (const workers of [1, 2, 3, 4, 7])
      for (const disorder of [workers, 10 + workers]) {
        const together = await cluster.run({ workers, disorder });
        expect(together.digest, `${workers} workers, disorder ${disorder}`).toBe(alone.digest);
        expect(together.history).toEqual(alone.history);
      }
  });
});
