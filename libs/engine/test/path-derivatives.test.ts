import { evaluate, Expressions, GraphBuilder, jvp } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

/**
 * Derivatives of f along a path w(t) = w + p_1 t + p_2 t^2 / 2 + ..: the tangent of w is p_1, that of p_1 is p_2, and so on, in every one of
 * nested forward derivatives. What Levenberg-Marquardt along curved paths asks workers for.
 */
describe('nested jvp with chained seeds', () => {
  it('is d^k f(w(t)) / dt^k at t = 0', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [w, p1, p2] = ['w', 'p1', 'p2'].map((name) => builder.input(name, [3], 'float64'));
    let derivative = x.mul(x.square(w), w);
    for (let k = 1; k <= 4; k++) {
      const seeds = [
        { id: w, tangent: p1 },
        { id: p1, tangent: p2 },
      ];
      [derivative] = jvp(builder, k === 1 ? seeds.slice(0, 1) : seeds, [derivative]);
      builder.output(`d${k}`, derivative);
    }
    const [at, a, b] = [
      [1, -2, 0.5],
      [0.3, 1, -1],
      [2, 0.1, 0.7],
    ];
    const feeds = { w: tensor('float64', [3], at), p1: tensor('float64', [3], a), p2: tensor('float64', [3], b) };
    const found = evaluate(builder.build(), feeds, { precision: 'float64' });
    // (w^3)' = 3 w^2 w', and so on by the product rule with w''' = 0.
    expectClose(
      found['d1'].data,
      at.map((value, i) => 3 * value ** 2 * a[i]),
      { rel: 1e-12 },
    );
    expectClose(
      found['d2'].data,
      at.map((value, i) => 6 * value * a[i] ** 2 + 3 * value ** 2 * b[i]),
      { rel: 1e-12 },
    );
    expectClose(
      found['d3'].data,
      at.map((value, i) => 6 * a[i] ** 3 + 18 * value * a[i] * b[i]),
      { rel: 1e-12 },
    );
    expectClose(
      found['d4'].data,
      at.map((value, i) => 36 * a[i] ** 2 * b[i] + 18 * value * b[i] ** 2),
      { rel: 1e-12 },
    );
    expect(Object.keys(found)).toHaveLength(4);
  });
});
