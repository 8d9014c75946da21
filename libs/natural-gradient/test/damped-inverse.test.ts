import { expectClose } from '@geodesic/testing';
import { type FailedFactor, invertDamped, type KroneckerFactors, multiply, toDense } from '@geodesic/natural-gradient';
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
    expect(found?.counters).toEqual({ float32: 0, float64: 2, eigen: 0, kept: 0 });
    const v = Float64Array.of(1, -2, 0.5, 3);
    const damped = { ...factors, input: factors.input.slice(), output: factors.output.slice() };
    for (const i of [0, 3]) damped.input[i] += found!.pi * 0.1;
    for (const i of [0, 3]) damped.output[i] += 0.1 / found!.pi;
    expectClose(multiply(found!.inverse, v), denseSolve(toDense(damped), v, 0), { rel: 1e-13 });
  });

  it('takes negative eigenvalues beyond the damping as zero, and hands the factor out', () => {
    const failures: FailedFactor[] = [];
    const found = invertDamped(indefinite(0.5), 1e-2, { onFailure: (failure) => failures.push(failure) });
    expect(found?.counters).toEqual({ float32: 0, float64: 1, eigen: 1, kept: 0 });
    const onDiagonal = found!.pi * 0.1;
    expectClose(found!.inverse.input, [1 / (1.5 + onDiagonal), 0, 0, 1 / onDiagonal], { rel: 1e-14 });
    expect(failures).toMatchObject([{ factor: 'A', rung: 'float64', n: 2 }]);
    expectClose(failures[0].matrix, [1.5 + onDiagonal, 0, 0, onDiagonal - 0.5], { rel: 1e-14 });
  });

  it('gives up where there is no damping to add', () => {
    expect(invertDamped(indefinite(100), 0)).toBeUndefined();
    expect(invertDamped({ ...indefinite(0), output: Float64Array.of(100, 0, 0, -100) }, 0)).toBeUndefined();
  });
});
