import { describe, expect, it } from 'vitest';
import { ThinnedSeries } from '../src/thinned-series.ts';

describe('ThinnedSeries', () => {
  it('keeps short curves whole, in the order of their steps', () => {
    const curves = new ThinnedSeries();
    curves.add([
      { step: 2, trainLoss: 0.5 },
      { step: 1, trainLoss: 1 },
    ]);
    curves.add([
      { step: 2, split: 'test', loss: 3 },
      { step: 2, trainLoss: 0.25 },
    ]);
    expect(curves.series).toEqual({
      trainLoss: [
        { step: 1, value: 1 },
        { step: 2, value: 0.25 },
      ],
      testLoss: [{ step: 2, value: 3 }],
    });
  });

  it('keeps some thousand points of a long curve, first and last included, and all of a rare one', () => {
    const curves = new ThinnedSeries();
    for (let step = 1; step <= 100_000; step++) curves.add([{ step, trainLoss: step, ...(step % 1000 === 7 && { volume: step }) }]);
    const { trainLoss, volume } = curves.series;
    expect(trainLoss.length).toBeGreaterThan(2048);
    expect(trainLoss.length).toBeLessThanOrEqual(4097);
    expect([trainLoss[0].step, trainLoss.at(-1)!.step]).toEqual([1, 100_000]);
    expect(volume).toHaveLength(100);
  });
});
