import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveKey, fillNormal, fillUniform } from '../src/index.ts';

const seed = 20240604;
const key = deriveKey(1, 'test');
const many = 200_000;

/** Mean of f over the entries. */
function average(values: Float64Array, f: (value: number) => number): number {
  return values.reduce((sum, value) => sum + f(value), 0) / values.length;
}

describe.each([
  ['fillUniform', fillUniform],
  ['fillNormal', fillNormal],
])('%s', (name, fill) => {
  it('gives entry i whatever the length of the output', () => {
    const long = new Float64Array(64);
    fill(key, 5, long);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 64 }), (length) => {
        const short = new Float64Array(length);
        fill(key, 5, short);
        expect(short).toEqual(long.slice(0, length));
      }),
      { seed },
    );
  });

  it('gives other numbers under another counter or key, also where counters differ by 2^32', () => {
    const draws = [
      [key, 0],
      [key, 1],
      [key, 2 ** 32],
      [key, Number.MAX_SAFE_INTEGER],
      [deriveKey(2, 'test'), 0],
    ].map(([drawKey, counter]) => {
      const out = new Float64Array(4);
      fill(drawKey as typeof key, counter as number, out);
      return out.join();
    });
    expect(new Set(draws).size).toBe(draws.length);
  });

  it('rounds the same numbers when the output is float32', () => {
    const double = new Float64Array(33);
    const single = new Float32Array(33);
    fill(key, 9, double);
    fill(key, 9, single);
    expect(single).toEqual(Float32Array.from(double));
  });

  it('refuses a counter that is no whole number', () => {
    const message = `${name}: expected a counter that is a whole number from 0 to 2^53 - 1, got`;
    expect(() => fill(key, -1, new Float32Array(1))).toThrow(`${message} -1`);
    expect(() => fill(key, 0.5, new Float32Array(1))).toThrow(`${message} 0.5`);
  });
});

describe('fillUniform', () => {
  it('stays strictly inside (0, 1) and is exact in float32', () => {
    const out = new Float64Array(many);
    fillUniform(key, 0, out);
    expect(out.every((value) => value > 0 && value < 1 && Math.fround(value) === value)).toBe(true);
  });

  it('has the moments of the uniform distribution within five standard errors', () => {
    const out = new Float64Array(many);
    fillUniform(key, 0, out);
    expectClose(
      average(out, (u) => u),
      1 / 2,
      { abs: 5 * Math.sqrt(1 / 12 / many) },
    );
    expectClose(
      average(out, (u) => (u - 0.5) ** 2),
      1 / 12,
      { abs: 5 * Math.sqrt(1 / 180 / many) },
    );
  });
});

describe('fillNormal', () => {
  it('has the moments of the normal distribution within five standard errors', () => {
    const out = new Float64Array(many);
    fillNormal(key, 0, out);
    // Variance of z^k is E[z^2k] - E[z^k]^2: 1, 2, 15, 96 for k = 1..4.
    for (const [power, moment, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ]) {
      expectClose(
        average(out, (z) => z ** power),
        moment,
        { abs: 5 * Math.sqrt(variance / many) },
      );
    }
  });

  it('gives neighbouring entries that are uncorrelated', () => {
    const out = new Float64Array(many);
    fillNormal(key, 1, out);
    for (const lag of [1, 2, 4]) {
      const products = out.subarray(lag).map((z, i) => z * out[i]);
      expectClose(
        average(products, (p) => p),
        0,
        { abs: 5 / Math.sqrt(many) },
      );
    }
  });
});
