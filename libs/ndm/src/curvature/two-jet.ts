/**
 * Forward 2-jets of tensors along two constant directions u, v: a value with its derivatives D_u, D_v, D_u^2, D_u D_v, D_v^2, carried
 * through a formula by the product and the chain rule. Every channel is made of ordinary tensor operations, so ONE reverse pass
 * through them is the gradient of whatever was computed of second derivatives, and the values keep the precision of the run.
 * A channel that is absent is zero and costs nothing: a jet of a value alone is that value, and makes its operations only.
 * Sources: spec A4 "Forward jets"; Griewank and Walther 2008, chapter 13.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The derivatives by name. */
export type JetChannel = 'u' | 'v' | 'uu' | 'uv' | 'vv';

/** A value and its derivatives along u and v, all of one shape; an absent one is zero. */
export interface TwoJet {
  readonly value: tf.Tensor;
  readonly u?: tf.Tensor;
  readonly v?: tf.Tensor;
  readonly uu?: tf.Tensor;
  readonly uv?: tf.Tensor;
  readonly vv?: tf.Tensor;
}

/** The pairs of first derivatives that a second derivative is made of. */
const seconds = [
  ['uu', 'u', 'u'],
  ['uv', 'u', 'v'],
  ['vv', 'v', 'v'],
] as const;
const channels = ['u', 'v', 'uu', 'uv', 'vv'] as const;

/** A value that does not move: all derivatives zero. */
export function constantJet(value: tf.Tensor): TwoJet {
  return { value };
}

/** The points x moving with the constant velocities u and v, all [B, d]. */
export function pointJet(x: tf.Tensor, u: tf.Tensor, v: tf.Tensor): TwoJet {
  return { value: x, u, v };
}

/** A derivative, zeros where it is absent. */
export function channelOf(jet: TwoJet, channel: JetChannel): tf.Tensor {
  return jet[channel] ?? tf.zerosLike(jet.value);
}

/** L(a) for a linear map L, such as a product with a constant matrix, a slice, a sum or a reshape. */
export function linear(a: TwoJet, map: (channel: tf.Tensor) => tf.Tensor): TwoJet {
  return jetOf(map(a.value), (channel) => ifPresent(a[channel], map));
}

/** a cut along its last axis [.., sum of sizes] into parts. */
export function splitLast(a: TwoJet, sizes: readonly number[]): TwoJet[] {
  const cut = (channel: tf.Tensor): tf.Tensor[] => tf.split(channel, [...sizes], channel.rank - 1);
  const value = cut(a.value);
  const parts = channels.map((channel) => [channel, ifPresent(a[channel], cut)] as const);
  return sizes.map((_, i) => ({
    value: value[i],
    ...Object.fromEntries(parts.flatMap(([channel, pieces]) => (pieces ? [[channel, pieces[i]]] : []))),
  }));
}

/** a + b, which broadcast in their values only where a constant one is the smaller. */
export function add(a: TwoJet, b: TwoJet): TwoJet {
  return jetOf(tf.add(a.value, b.value), (channel) => total([a[channel], b[channel]]));
}

/** a + c for a constant c; c does not change the shape of a. */
export function shift(a: TwoJet, c: tf.Tensor | number): TwoJet {
  return { ...a, value: tf.add(a.value, c) };
}

/** B(a, b) for a bilinear map B, such as an elementwise or a matrix product: the Leibniz rule. */
export function bilinear(a: TwoJet, b: TwoJet, map: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): TwoJet {
  const both = (left?: tf.Tensor, right?: tf.Tensor): tf.Tensor | undefined => (left && right ? map(left, right) : undefined);
  const value = map(a.value, b.value);
  const first = (i: 'u' | 'v'): tf.Tensor | undefined => total([both(a[i], b.value), both(a.value, b[i])]);
  const second = ([ij, i, j]: (typeof seconds)[number]): tf.Tensor | undefined => {
    const outer = [both(a[ij], b.value), both(a.value, b[ij])];
    const crossed = i === j ? [twice(both(a[i], b[i]))] : [both(a[i], b[j]), both(a[j], b[i])];
    return total([...outer, ...crossed]);
  };
  return withDerivatives(value, first, second);
}

/** a b, elementwise. */
export function multiply(a: TwoJet, b: TwoJet): TwoJet {
  return bilinear(a, b, (left, right) => tf.mul(left, right));
}

/** q = a / b, elementwise: D q = (D a - q D b) / b, and so for the second derivatives. */
export function divide(a: TwoJet, b: TwoJet): TwoJet {
  const q = tf.div(a.value, b.value);
  const quotient = (numerator: tf.Tensor | undefined): tf.Tensor | undefined => numerator && tf.div(numerator, b.value);
  const product = (left?: tf.Tensor, right?: tf.Tensor): tf.Tensor | undefined => left && right && tf.neg(tf.mul(left, right));
  const u = quotient(total([a.u, product(q, b.u)]));
  const v = quotient(total([a.v, product(q, b.v)]));
  const firsts = { u, v };
  return withDerivatives(
    q,
    (i) => firsts[i],
    ([ij, i, j]) => quotient(total([a[ij], product(firsts[i], b[j]), product(firsts[j], b[i]), product(q, b[ij])])),
  );
}

/** A function of one variable at a value: f, f', f''. The derivatives are made when a channel needs them. */
export interface UnaryDerivatives {
  readonly value: tf.Tensor;
  readonly first: () => tf.Tensor;
  readonly second: () => tf.Tensor;
}

/** f(a), elementwise: D_i f = f' D_i a, D_i D_j f = f' D_i D_j a + f'' D_i a D_j a. */
export function unary(a: TwoJet, f: (value: tf.Tensor) => UnaryDerivatives): TwoJet {
  const { value, first, second } = f(a.value);
  if (channels.every((channel) => a[channel] === undefined)) return { value };
  const slope = first();
  const bend = a.u || a.v ? second() : undefined;
  return withDerivatives(
    value,
    (i) => ifPresent(a[i], (channel) => tf.mul(slope, channel)),
    ([ij, i, j]) => {
      const [left, right] = [a[i], a[j]];
      const curved = bend && left && right ? tf.mul(bend, i === j ? tf.square(left) : tf.mul(left, right)) : undefined;
      return total([ifPresent(a[ij], (channel) => tf.mul(slope, channel)), curved]);
    },
  );
}

function withDerivatives(
  value: tf.Tensor,
  first: (i: 'u' | 'v') => tf.Tensor | undefined,
  second: (pair: (typeof seconds)[number]) => tf.Tensor | undefined,
): TwoJet {
  const found = new Map<JetChannel, tf.Tensor | undefined>([
    ['u', first('u')],
    ['v', first('v')],
    ...seconds.map((pair) => [pair[0], second(pair)] as const),
  ]);
  return jetOf(value, (channel) => found.get(channel));
}

function jetOf(value: tf.Tensor, derivative: (channel: JetChannel) => tf.Tensor | undefined): TwoJet {
  const present = channels.flatMap((channel) => {
    const tensor = derivative(channel);
    return tensor ? [[channel, tensor] as const] : [];
  });
  return { value, ...Object.fromEntries(present) };
}

function ifPresent<T>(tensor: tf.Tensor | undefined, map: (tensor: tf.Tensor) => T): T | undefined {
  return tensor === undefined ? undefined : map(tensor);
}

function twice(tensor: tf.Tensor | undefined): tf.Tensor | undefined {
  return tensor && tf.mul(2, tensor);
}

function total(terms: readonly (tf.Tensor | undefined)[]): tf.Tensor | undefined {
  const present = terms.filter((term) => term !== undefined);
  return present.length === 0 ? undefined : present.reduce((sum, term) => tf.add(sum, term));
}
