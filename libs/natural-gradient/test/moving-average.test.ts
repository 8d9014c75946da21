import { expectClose, flat, type Nested } from '@geodesic/testing';
import { nextMean, nextWeight } from '@geodesic/natural-gradient';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { golden, toNumber } from './golden-network.ts';

function debiasedMeans(sequence: readonly (readonly number[])[], decay: number): Float64Array[] {
  let weight = 0;
  let mean = new Float64Array(sequence[0].length);
  return sequence.map((observation) => {
    weight = nextWeight(weight, decay);
    mean = nextMean(mean, Float64Array.from(observation), weight) as Float64Array<ArrayBuffer>;
    return mean;
  });
}

/** The textbook form: m_t = beta m + (1 - beta) x, divided by 1 - beta^t. */
function biasCorrected(sequence: readonly (readonly number[])[], decay: number): number[][] {
  let average = sequence[0].map(() => 0);
  return sequence.map((observation, t) => {
    average = average.map((value, i) => decay * value + (1 - decay) * observation[i]);
    return average.map((value) => value / (1 - decay ** (t + 1)));
  });
}

describe('nextMean', () => {
  it('reproduces golden/06 ema_bias_corrected', () => {
    const { inputs, outputs, tol } = golden['ema_bias_corrected'];
    const sequence = (inputs['sequence'] as unknown as readonly Nested[]).map(flat);
    expectClose(
      debiasedMeans(sequence, toNumber(inputs['rho'])).flatMap((mean) => [...mean]),
      flat(outputs['corrected']),
      tol,
    );
  });

  it('equals the bias-corrected exponential average for any sequence and decay', () => {
    const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 0.99, noNaN: true }), (sequence, decay) => {
        const rows = sequence.map((value) => [value, 1]);
        const means = debiasedMeans(rows, decay).flatMap((mean) => [...mean]);
        expectClose(means, biasCorrected(rows, decay).flat(), { abs: 1e-12 });
      }),
      { seed: 8 },
    );
  });

  it('starts with the first observation itself and keeps only the last one when the decay is 0', () => {
    expect(debiasedMeans([[0.1], [0.7]], 0).map(([value]) => value)).toEqual([0.1, 0.7]);
    expect(debiasedMeans([[0.1]], 0.95)[0][0]).toBe(0.1);
  });
});
