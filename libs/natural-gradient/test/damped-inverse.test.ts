import { expectClose } from '@geodesic/testing';
import { invertDamped, type KroneckerFactors, multiply, toDense } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { denseSolve } from './dense-solve.ts';

/** A whose smallest eigenvalue is -depth, S = I; tr A / 2 is 1/2. */
const indefinite = (depth: number): KroneckerFactors => ({
  rows: 2,
  columns: 2,
  input: Float64Array.of(1 + depth, 0, 0, -depth),
  output: Float64Array.of(1, 0, 0, 1),
});

describe('invertDamped', () => {
  it('inverts the damped factors on the first rung in health', () => {
    const factors = { ...indefinite(0), input: Float64Array.of(2, 1, 1, 3) };
    const found = invertDamped(factors, 1e-2);
    expect(found?.rung).toBe(0);
    const v = Float64Array.of(1, -2, 0.5, 3);
    const damped = { ...factors, input: factors.input.slice(), output: factors.output.slice() };
    for (const i of [0, 3]) damped.input[i] += found!.pi * 0.1;
    for (const i of [0, 3]) damped.output[i] += 0.1 / found!.pi;
    expectClose(multiply(found!.inverse, v), denseSolve(toDense(damped), v, 0), { rel: 1e-13 });
  });

  it('raises the damping tenfold until the factor is positive definite', () => {
    // pi sqrt(lambda) is about 0.7 sqrt(lambda): 0.07, 0.22, 0.71 and 2.2 on the four rungs.
    expect([0.01, 0.1, 0.5, 1.5].map((depth) => invertDamped(indefinite(depth), 1e-2)?.rung)).toEqual([0, 1, 2, 3]);
  });

  it('gives up after three raises', () => {
    expect(invertDamped(indefinite(100), 1e-2)).toBeUndefined();
    expect(invertDamped({ ...indefinite(0), output: Float64Array.of(100, 0, 0, -100) }, 1e-2)).toBeUndefined();
  });
});
