import * as tf from '@tensorflow/tfjs-core';
import {
  exp as referenceExp,
  Jet,
  power,
  reciprocal,
  sigmoid as referenceSigmoid,
  softplus as referenceSoftplus,
  square as referenceSquare,
  tanh as referenceTanh,
} from '@geodesic/geometry';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { exp, sigmoid, softplus, square, squareRoot, tanh } from '../src/curvature/jet-functions.ts';
import { add, bilinear, channelOf, divide, linear, multiply, pointJet, shift, splitLast, type TwoJet } from '../src/curvature/two-jet.ts';
import { evaluateFunction, normalTensor } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';

const n = 4;
const inputs = { x: tensor([1, n], [0.3, -1.2, 2, 0.7]), u: normalTensor('u', [1, n]), v: normalTensor('v', [1, n]) };
const numbers = (name: keyof typeof inputs): Float64Array => Float64Array.from(inputs[name].data);

/** The value and the five derivatives of a function of jets. */
function graphJet(fn: (x: TwoJet) => TwoJet): Record<string, number[]> {
  return evaluateFunction((t) => {
    const jet = fn(pointJet(t.x, t.u, t.v));
    const derivatives = (['u', 'v', 'uu', 'uv', 'vv'] as const).map((channel) => [channel, channelOf(jet, channel)]);
    return { value: jet.value, ...Object.fromEntries(derivatives) };
  }, inputs);
}

function referenceJet(fn: (x: Jet) => Jet): Record<string, Float64Array> {
  const jet = fn(Jet.along(numbers('x'), [numbers('u'), numbers('v')], 2));
  const [uu, uv, vv] = [jet.derivative(0, 0), jet.derivative(0, 1), jet.derivative(1, 1)];
  return { value: jet.values, u: jet.derivative(0), v: jet.derivative(1), uu, uv, vv };
}

const functions: readonly (readonly [string, (x: TwoJet) => TwoJet, (x: Jet) => Jet])[] = [
  ['tanh', tanh, referenceTanh],
  ['exp', exp, referenceExp],
  ['sigmoid', sigmoid, referenceSigmoid],
  ['softplus', softplus, referenceSoftplus],
  ['square', square, referenceSquare],
  ['squareRoot', (x) => squareRoot(shift(square(x), 0.5)), (x) => power(referenceSquare(x).plus(0.5), 0.5)],
  ['multiply', (x) => multiply(tanh(x), exp(x)), (x) => referenceTanh(x).multiply(referenceExp(x))],
  ['divide', (x) => divide(tanh(x), shift(exp(x), 1)), (x) => referenceTanh(x).multiply(reciprocal(referenceExp(x).plus(1)))],
  ['add', (x) => add(square(x), exp(x)), (x) => referenceSquare(x).plus(referenceExp(x))],
];

describe('jets of tensors', () => {
  it.each(functions)('%s has the 2-jet of the float64 reference', (_, fn, reference) => {
    const [found, expected] = [graphJet(fn), referenceJet(reference)];
    for (const [channel, values] of Object.entries(expected)) expectClose(found[channel], values, { rel: 1e-12, abs: 1e-12 });
  });

  it('make the operations of the value only where nothing moves', () => {
    const still = evaluateFunction((t) => {
      const jet = divide(tanh({ value: t.x }), shift(exp({ value: t.x }), 1));
      expect(Object.keys(jet)).toEqual(['value']);
      return { value: jet.value };
    }, inputs);
    expectClose(still.value, referenceJet((x) => referenceTanh(x).multiply(reciprocal(referenceExp(x).plus(1)))).value, { rel: 1e-12 });
  });

  it('pass matrix products, sums and slices: the product rule of any bilinear map', () => {
    const weight = normalTensor('weight', [n, n]);
    const values = { ...inputs, weight };
    const found = evaluateFunction((t) => {
      const y = linear(tanh(pointJet(t.x, t.u, t.v)), (channel) => tf.matMul(channel, t.weight));
      const [left, right] = splitLast(y, [2, 2]);
      const product = bilinear(left, right, (a, b) => tf.matMul(a, b, false, true));
      return { value: product.value, uv: channelOf(product, 'uv') };
    }, values);
    const reference = (x: Jet): Jet => {
      const y = referenceTanh(x).times(Float64Array.from(weight.data), n);
      return y.slice(0, 2).multiply(y.slice(2, 4)).sum();
    };
    const expected = referenceJet(reference);
    expectClose(found.value, expected.value, { rel: 1e-12 });
    expectClose(found.uv, expected.uv, { rel: 1e-11 });
  });
});
