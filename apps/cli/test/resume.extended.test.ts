/** Every method by the native executor, resumed after every step with another number of workers. */
import { describe, expect, it } from 'vitest';
import { bundleOf, furtherCases, methodCases } from './method-cases.ts';
import { isUntouched, SimulatedCluster } from './simulated-cluster.ts';

describe('a run that is resumed, natively', () => {
  it.each([...methodCases, ...furtherCases])('ends with the same bits from every step: $title', async (one) => {
    const cluster = new SimulatedCluster(bundleOf(one, { engine: 'onnx-cpu', steps: 8, evaluate: { every: 4 } }));
    const whole = await cluster.run({ workers: 2, disorder: 1 });
    for (const [i, from] of whole.saved.entries()) {
      expect(from, 'no step writes into the arrays of a checkpoint').toSatisfy(isUntouched);
      const rest = await cluster.run({ workers: 1 + (i % 4), disorder: i }, { from });
      expect(rest.digest, `from step ${from.step}`).toBe(whole.digest);
      expect(rest.history, `from step ${from.step}`).toEqual(whole.history.slice(from.step));
    }
  });
});
