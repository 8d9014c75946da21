/**
 * Functions of tfjs that multiply and sum along axes, and transforms, for comparison with eager tfjs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { spread, whole, type TraceCase } from './trace-spread.ts';

const a = spread([2, 3, 4]);
const b = spread([2, 4, 5], 40);

const einsums: TraceCase[] = [
  ['einsum of a batch', { a, b }, (i) => tf.einsum('bij,bjk->bik', i.a, i.b)],
  ['einsum in another order', { a, b }, (i) => tf.einsum('bij,bjk->kib', i.a, i.b)],
  ['einsum over the batch', { a, b }, (i) => tf.einsum('bij,bjk->ik', i.a, i.b)],
  ['einsum, an outer product', { a: spread([3]), b: spread([4], 9) }, (i) => tf.einsum('i,j->ji', i.a, i.b)],
  ['einsum, an inner product', { a: spread([6]), b: spread([6], 9) }, (i) => tf.einsum('i,i->', i.a, i.b)],
  ['einsum, elementwise', { a: spread([3, 4]), b: spread([3, 4], 9) }, (i) => tf.einsum('ij,ij->ij', i.a, i.b)],
  ['einsum with a label to sum away', { a, b: spread([4, 2], 9) }, (i) => tf.einsum('bij,jl->bi', i.a, i.b)],
  ['einsum of one tensor', { a }, (i) => tf.einsum('bij->jb', i.a)],
  ['einsum of integers', { a: whole([2, 2], [1, 2, 3, 4]), b: whole([2, 2], [5, 6, 7, 8]) }, (i) => tf.einsum('ij,jk->ik', i.a, i.b)],
];

const products: TraceCase[] = [
  ['prod of all', { a }, (i) => tf.prod(i.a)],
  ['prod of an axis', { a }, (i) => tf.prod(i.a, 1)],
  ['prod of two axes, kept', { a }, (i) => tf.prod(i.a, [0, 2], true)],
  ['prod with a zero', { a: { shape: [5], values: [2, 0, -1, 3, 0.5] } }, (i) => tf.prod(i.a)],
  ['prod of integers', { a: whole([2, 3], [1, -2, 3, 4, 5, 2]) }, (i) => tf.prod(i.a, 0)],
  ['prod of flags', { a: { shape: [2, 2], dtype: 'bool', values: [1, 1, 0, 1] } }, (i) => tf.prod(i.a, 1)],
  ...[false, true].flatMap((exclusive) =>
    [false, true].map((reverse): TraceCase => [
      `cumprod, exclusive ${exclusive}, reverse ${reverse}`,
      { a },
      (i) => [tf.cumprod(i.a, 1, exclusive, reverse), tf.cumprod(i.a, 2, exclusive, reverse)],
    ]),
  ),
  ['cumprod of one entry', { a: spread([3, 1]) }, (i) => tf.cumprod(i.a, 1, true)],
];

const parts = (value: tf.Tensor): tf.Tensor[] => [tf.real(value), tf.imag(value)];

const transforms: TraceCase[] = [
  ['rfft', { a: spread([2, 8]) }, (i) => parts(tf.spectral.rfft(i.a))],
  ['rfft of an odd length', { a: spread([3, 7]) }, (i) => parts(tf.spectral.rfft(i.a))],
  ['rfft, padded', { a: spread([2, 5]) }, (i) => parts(tf.spectral.rfft(i.a, 9))],
  ['fft', { a: spread([2, 6]), b: spread([2, 6], 31) }, (i) => parts(tf.spectral.fft(tf.complex(i.a, i.b)))],
  ['ifft', { a: spread([6]), b: spread([6], 31) }, (i) => parts(tf.spectral.ifft(tf.complex(i.a, i.b)))],
  ['irfft', { a: spread([2, 5]), b: spread([2, 5], 31) }, (i) => tf.spectral.irfft(tf.complex(i.a, i.b))],
  [
    'a filter in the frequency domain',
    { a: spread([2, 8]), b: spread([2, 5], 3) },
    (i) => tf.spectral.irfft(tf.mul(tf.spectral.rfft(i.a), tf.complex(i.b, tf.zerosLike(i.b)))),
  ],
  ['a gain on a spectrum', { a: spread([1, 8]), b: spread([1, 5], 3) }, (i) => tf.spectral.irfft(tf.mul(tf.spectral.rfft(i.a), i.b))],
  ['a product of complex values', { a: spread([4]), b: spread([4], 3) }, (i) => parts(tf.mul(tf.complex(i.a, i.b), tf.complex(i.b, i.a)))],
  ['abs of complex values', { a: spread([4]), b: spread([4], 3) }, (i) => tf.abs(tf.complex(i.a, i.b))],
  ['a sum of complex values', { a: spread([4]), b: spread([4], 3) }, (i) => parts(tf.add(tf.complex(i.a, i.b), tf.complex(i.b, i.a)))],
];

/** All of them. */
export const contractionCases: readonly TraceCase[] = [...einsums, ...products, ...transforms];
