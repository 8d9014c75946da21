import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  compose,
  cos,
  exp,
  imageOf,
  jacobian,
  Jet,
  JetSpace,
  matrixProduct,
  power,
  reciprocal,
  sigmoid,
  sin,
  softplus,
  solveSymmetric,
  square,
  squareRoot,
  tanh,
  withJacobian,
  type SmoothMap,
} from '../src/index.ts';
import { seededNetwork } from './networks.ts';

const tight = { abs: 1e-14, rel: 1e-13 };

describe('JetSpace', () => {
  it('carries value, d_u, d_v, d_uu, d_uv, d_vv for order 2 in two directions', () => {
    expect(JetSpace.of(2, 2).monomials).toEqual([[], [0], [1], [0, 0], [0, 1], [1, 1]]);
  });

  it('is one object for one shape', () => {
    expect(JetSpace.of(3, 2).withTangents(2)).toBe(JetSpace.of(3, 2).withTangents(2));
  });

  it('names the derivative that it does not carry', () => {
    expect(() => JetSpace.of(2, 1).channel(0, 1)).toThrow('JetSpace.channel: along: expected directions below 2, at most 1, got [0,1]');
    expect(() => JetSpace.of(2, 1).channel(-1)).toThrow('got [-1]');
    expect(() => JetSpace.of(1.5, 1)).toThrow('JetSpace.of: directions: expected a whole number of at least 0, got 1.5');
  });
});

describe('functions of jets', () => {
  /** The derivatives of f at x from 0 to 3. */
  const tower = (f: (x: Jet) => Jet, x: number) => [...f(Jet.at([x], 3)).data];
  const s = 1 / (1 + Math.exp(-0.7));
  const t = Math.tanh(0.7);
  const p = 1 - t * t;
  const cases: [string, (x: Jet) => Jet, number[]][] = [
    ['exp', exp, [Math.exp(0.7), Math.exp(0.7), Math.exp(0.7), Math.exp(0.7)]],
    ['sin', sin, [Math.sin(0.7), Math.cos(0.7), -Math.sin(0.7), -Math.cos(0.7)]],
    ['cos', cos, [Math.cos(0.7), -Math.sin(0.7), -Math.cos(0.7), Math.sin(0.7)]],
    ['tanh', tanh, [t, p, -2 * t * p, -2 * p * p + 4 * t * t * p]],
    ['sigmoid', sigmoid, [s, s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s + 6 * s * s)]],
    ['softplus', softplus, [Math.log1p(Math.exp(0.7)), s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]],
    ['reciprocal', reciprocal, [1 / 0.7, -1 / 0.7 ** 2, 2 / 0.7 ** 3, -6 / 0.7 ** 4]],
    ['squareRoot', squareRoot, [0.7 ** 0.5, 0.5 * 0.7 ** -0.5, -0.25 * 0.7 ** -1.5, 0.375 * 0.7 ** -2.5]],
    ['square', square, [0.49, 1.4, 2, 0]],
    ['power 2', (x) => power(x, 2), [0.49, 1.4, 2, 0]],
  ];
  it.each(cases)('%s has its known derivatives', (_, f, expected) => {
    expectClose(tower(f, 0.7), expected, tight);
  });

  it('obeys the chain rule: a logarithm of an exponential is the identity', () => {
    // ln(1 + e^x) - ln(1 + e^-x) = x
    expectClose(
      tower((x) => softplus(x).minus(softplus(x.scale(-1))), -1.3),
      [-1.3, 1, 0, 0],
      { abs: 1e-14 },
    );
  });

  it('softplus does not overflow', () => {
    expectClose(tower(softplus, 800), [800, 1, 0, 0], tight);
  });
});

describe('Jet', () => {
  it('has mixed derivatives of a product: x^2 y along (1, 0) and (1, 2)', () => {
    const xy = Jet.along([3, 5], [[1, 0], [1, 2]], 2); // prettier-ignore
    const f = square(xy.slice(0)).multiply(xy.slice(1));
    // f_x = 2xy, f_y = x^2, f_xx = 2y, f_xy = 2x, f_yy = 0
    expectClose([...f.data], [45, 30, 30 + 2 * 9, 10, 10 + 2 * 6, 10 + 4 * 6], tight);
  });

  it('multiplies matrices by the rule of Leibniz', () => {
    const at = Jet.at([2], 2);
    const a = Jet.concat([at, square(at), at.plus(1), at]);
    const product = matrixProduct(a, a, { m: 2, p: 2, n: 2 });
    // entry (0, 0) = x^2 + x^2 (x + 1)
    expectClose([product.values[0], product.derivative(0)[0], product.derivative(0, 0)[0]], [16, 2 * 2 + 3 * 4 + 4, 2 + 12 + 2], tight);
  });

  it('agrees with finite differences through a network', () => {
    const network = seededNetwork(1, { inputs: 3, hidden: 5, outputs: 4 });
    const [x, u, v, h] = [[0.2, -0.4, 0.9], [1, 0.5, -1], [0.3, -1, 0.2], 1e-3]; // prettier-ignore
    const at = (a: number, b: number) => imageOf(network, x.map((entry, i) => entry + a * u[i] + b * v[i])); // prettier-ignore
    const jet = network.evaluate(Jet.along(x, [u, v], 2));
    const mixed = at(h, h).map((entry, i) => (entry - at(h, -h)[i] - at(-h, h)[i] + at(-h, -h)[i]) / (4 * h * h));
    expectClose(jet.derivative(0, 1), mixed, { abs: 1e-5 });
    expectClose(
      jet.derivative(1),
      at(0, h).map((entry, i) => (entry - at(0, -h)[i]) / (2 * h)),
      { abs: 1e-5 },
    );
  });

  it('refuses jets of another space and arrays of another length', () => {
    const one = Jet.at([1], 1);
    expect(() => one.multiply(Jet.at([1], 2))).toThrow('Jet.bilinear: other: expected a jet of the same space');
    expect(() => one.times(new Float64Array(3), 2)).toThrow('Jet.times: matrix: expected 2 entries [1, 2], got 3');
  });
});

describe('solveSymmetric', () => {
  it('solves what a matrix of jets multiplies, derivatives included', () => {
    const x = Jet.at([0.3, -0.7], 3);
    const [a, b] = [x.slice(0), x.slice(1)];
    const g = Jet.concat([exp(a), sin(b), sin(b), square(b).plus(2)]);
    const solution = solveSymmetric(g, matrixProduct(g, x, { m: 2, p: 2, n: 1 }));
    expectClose(solution.data, x.data, { abs: 1e-13 });
    expect(() => solveSymmetric(a, x)).toThrow('solveSymmetric: g: expected 4 entries [2, 2], got 1');
  });
});

describe('withJacobian', () => {
  const polar: SmoothMap = {
    inputs: 2,
    outputs: 2,
    evaluate: (x) => Jet.concat([x.slice(0).multiply(cos(x.slice(1))), x.slice(0).multiply(sin(x.slice(1)))]),
  };
  const [r, a] = [1.7, 0.4];

  it('gives the Jacobian of polar coordinates', () => {
    expectClose(jacobian(polar, [r, a]), [Math.cos(a), -r * Math.sin(a), Math.sin(a), r * Math.cos(a)], tight);
  });

  it('gives its derivatives', () => {
    const { jacobian: J } = withJacobian(polar, Jet.at([r, a], 2));
    expectClose(J.derivative(1), [-Math.sin(a), -r * Math.cos(a), Math.cos(a), -r * Math.sin(a)], tight);
    expectClose(J.derivative(0, 1), [0, -Math.cos(a), 0, -Math.sin(a)], tight);
    expectClose(J.derivative(1, 1), [-Math.cos(a), r * Math.sin(a), -Math.sin(a), -r * Math.cos(a)], tight);
  });

  it('obeys the chain rule under composition', () => {
    const network = seededNetwork(2, { inputs: 2, hidden: 4, outputs: 3 });
    const [inner, outer] = [jacobian(polar, [r, a]), jacobian(network, imageOf(polar, [r, a]))];
    const product = Array.from({ length: 6 }, (_, at) => {
      const [i, j] = [Math.floor(at / 2), at % 2];
      return outer[i * 2] * inner[j] + outer[i * 2 + 1] * inner[2 + j];
    });
    expectClose(jacobian(compose(network, polar), [r, a]), product, tight);
  });
});
