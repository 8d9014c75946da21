import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyUpdate, parametersChecksum } from '../src/index.ts';
import { PROPERTY } from './fixtures.ts';
import { seeded } from './seeded.ts';

function randomArray(seed: number, length: number): Float32Array {
  const draw = seeded(seed);
  return Float32Array.from({ length }, () => draw() * 2 - 1);
}

describe('applyUpdate', () => {
  it('rounds each sum once and returns the checksum of the result', () => {
    const property = fc.property(fc.nat(), fc.nat(70), (seed, length) => {
      const before = randomArray(seed, length);
      const delta = randomArray(seed + 1, length).map((value) => value * 1e-4);
      const after = before.slice();
      const checksum = applyUpdate(after, delta);
      expect([...after]).toEqual(Array.from(before, (value, i) => Math.fround(value + delta[i])));
      expect(checksum).toBe(parametersChecksum(after));
      expect(checksum).toMatch(/^[0-9a-f]{16}$/);
    });
    fc.assert(property, PROPERTY);
  });

  it('works on a view at an offset', () => {
    const whole = randomArray(3, 10);
    const view = whole.subarray(3, 7);
    const expected = parametersChecksum(view.slice());
    expect(applyUpdate(view, new Float32Array(4))).toBe(expected);
  });

  it('refuses a delta of another length', () => {
    expect(() => applyUpdate(new Float32Array(3), new Float32Array(2))).toThrow('applyUpdate: delta: expected 3 elements, got 2');
  });
});

describe('parametersChecksum', () => {
  it('keeps its published values', () => {
    expect(parametersChecksum(new Float32Array(0))).toBe('0000000000000000');
    expect(parametersChecksum(Float32Array.of(1, -2, 3.5))).toMatchInlineSnapshot(`"932633b46ed87b55"`);
  });

  it('changes with any bit of any element', () => {
    const parameters = randomArray(5, 64);
    const bits = new Int32Array(parameters.buffer);
    const original = parametersChecksum(parameters);
    for (let i = 0; i < bits.length * 32; i += 1) {
      bits[i >> 5] ^= 1 << (i & 31);
      expect(parametersChecksum(parameters)).not.toBe(original);
      bits[i >> 5] ^= 1 << (i & 31);
    }
  });

  it('changes when two elements change places, two signs flip, or zeros are appended', () => {
    const property = fc.property(fc.nat(), fc.nat(999), fc.nat(999), (seed, i, j) => {
      fc.pre(i !== j);
      const parameters = randomArray(seed, 1000);
      const swapped = parameters.slice();
      [swapped[i], swapped[j]] = [parameters[j], parameters[i]];
      const flipped = parameters.slice();
      [flipped[i], flipped[j]] = [-parameters[i], -parameters[j]];
      const longer = Float32Array.of(...parameters, 0);
      const checksums = [parameters, swapped, flipped, longer].map(parametersChecksum);
      expect(new Set(checksums).size).toBe(4);
    });
    fc.assert(property, { ...PROPERTY, numRuns: 100 });
  });
});
