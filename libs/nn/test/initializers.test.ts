import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { conv2d, dense, embedding, glorotNormal, glorotUniform, heNormal, lecunNormal, orthogonal, truncatedNormal } from '../src/index.ts';

const fans = { fanIn: 50, fanOut: 150 };

describe('initialisers by fan', () => {
  it.each([
    ['lecunNormal', lecunNormal, 1 / 50],
    ['heNormal', heNormal, 2 / 50],
    ['glorotNormal', glorotNormal, 2 / 200],
  ] as const)('%s is normal with its variance', (_, rule, variance) => {
    expect(rule(fans)).toEqual({ kind: 'normal', standardDeviation: Math.sqrt(variance) });
  });

  it('glorotUniform has the variance of glorotNormal', () => {
    const rule = glorotUniform(fans);
    if (rule.kind !== 'uniform') throw new Error(`expected uniform, got ${rule.kind}`);
    expectClose((rule.high - rule.low) ** 2 / 12, 2 / 200, { rel: 1e-12 });
    expect(rule.low).toBe(-rule.high);
  });

  it('become initialisers of the weights of layers, by their fans', () => {
    const scale = (layer: { readonly parameters: readonly { readonly initializer: unknown }[] }): unknown =>
      layer.parameters[0].initializer;
    expect(scale(dense({ name: 'd', inputs: 8, outputs: 4, weightInitializer: heNormal }))).toEqual({
      kind: 'normal',
      standardDeviation: 0.5,
    });
    const conv = { name: 'c', inputShape: [4, 4, 2], filters: 5, kernel: [2, 2] } as const;
    expect(scale(conv2d(conv))).toEqual({ kind: 'normal', standardDeviation: 0.5 });
    expect(scale(conv2d({ ...conv, weightInitializer: orthogonal(2) }))).toEqual({ kind: 'orthogonal', gain: 2 });
    const table = embedding({ name: 'e', vocabulary: 9, width: 4, weightInitializer: truncatedNormal(0.1) });
    expect(scale(table)).toEqual({ kind: 'truncated-normal', standardDeviation: 0.1 });
  });
});
