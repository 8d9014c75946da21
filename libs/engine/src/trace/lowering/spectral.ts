/**
 * Complex values and discrete Fourier transforms, by which tf.spectral.rfft and irfft come. A complex value is a pair of real
 * ones; a transform of length n is a product with its matrices of cosines and sines:
 *   (a + ib) (C - iS) = (aC + bS) + i (bC - aS),   C_jk = cos(2 pi jk / n), S_jk = sin(2 pi jk / n)
 */
import { sizeOf } from '@geodesic/tensor';
import { complexOf, partsOf } from '../complex-values.ts';
import type { Recorder, Value } from '../recorder.ts';
import { TraceError } from '../trace-error.ts';
import type { LoweringTable } from './lowering.ts';

/** Longest transform: its two matrices are constants of the graph, of n^2 entries. */
const LIMIT = 1024;

/** Lowerings of complex kernels. */
export const spectral: LoweringTable = {
  Complex: (_, { real, imag }) => complexOf(real, imag),
  Real: (_, { input }) => partsOf(input).real,
  Imag: (recorder, { input }) => partsOf(input).imaginary ?? recorder.constant(0, 'float32', input.shape),
  ComplexAbs: (recorder, { x }) => {
    const { real, imaginary } = partsOf(x);
    if (imaginary === undefined) return recorder.elementwise('Abs', real);
    const square = recorder.elementwise('Add', recorder.elementwise('Square', real), recorder.elementwise('Square', imaginary));
    return recorder.elementwise('Sqrt', square);
  },
  FFT: (recorder, { input }) => transform(recorder, input, 'forward'),
  IFFT: (recorder, { input }) => transform(recorder, input, 'inverse'),
};

/** The transform along the last axis; the inverse has the opposite sign of S and divides by n. */
function transform(recorder: Recorder, x: Value, direction: 'forward' | 'inverse'): Value {
  const n = x.shape[x.shape.length - 1];
  if (n > LIMIT) {
    const remedy = 'transform shorter frames, or before tracing';
    throw new TraceError({ op: 'fft', shape: x.shape, expected: `a last axis of at most ${LIMIT}`, got: String(n), remedy });
  }
  const scale = direction === 'forward' ? 1 : 1 / n;
  const sign = direction === 'forward' ? 1 : -1;
  const matrix = (f: (angle: number) => number): Value =>
    recorder.data(
      Float64Array.from({ length: n * n }, (_, e) => scale * f((2 * Math.PI * ((Math.floor(e / n) * (e % n)) % n)) / n)),
      'float32',
      [n, n],
    );
  const [cosines, sines] = [matrix(Math.cos), matrix((angle) => sign * Math.sin(angle))];
  const times = (a: Value, matrix: Value): Value => {
    const rows = recorder.reshape(a, [sizeOf(x.shape) / n, n]);
    return recorder.reshape(recorder.kernel('BatchMatMul', [rows, matrix], { transposeA: false, transposeB: false }), x.shape);
  };
  const { real, imaginary } = partsOf(x);
  const [ac, as] = [times(real, cosines), times(real, sines)];
  if (imaginary === undefined) return complexOf(ac, recorder.elementwise('Neg', as));
  return complexOf(recorder.elementwise('Add', ac, times(imaginary, sines)), recorder.elementwise('Sub', times(imaginary, cosines), as));
}
