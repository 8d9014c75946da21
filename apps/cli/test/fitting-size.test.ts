import { describe, expect, it } from 'vitest';
import { requireFittingSize } from '../src/fitting-size.ts';

const parameter = (name: string, shape: readonly number[]) => ({ name, shape, initializer: { kind: 'constant', value: 0 } }) as const;

describe('requireFittingSize', () => {
  it('takes what offsets can address', () => {
    expect(() => requireFittingSize({ parameters: [parameter('w', [2 ** 31 - 1])] })).not.toThrow();
  });

  it('names the largest parameter of a model that is too large', () => {
    const parameters = [parameter('w1', [64, 300_000]), parameter('w2', [300_000, 30_000])];
    expect(() => requireFittingSize({ parameters })).toThrow(
      'model: parameters: expected at most 2,147,483,647 numbers, got 9,019,200,000, 9,000,000,000 of them in w2 [300000, 30000] (make it narrower)',
    );
  });
});
