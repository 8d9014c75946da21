/**
 * Our own tfjs ops, for use inside traced functions; they run as kernels of the recording backend and mix with tf.grad.
 */
import { engine } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { isRecording } from './recording-session.ts';
import { TraceError } from './trace-error.ts';

/** Where a tapped value stands in a model. */
export interface TapPlace {
  /** Name of the layer. */
  readonly layer: string;
  /** What the value is to the layer, e.g. `input` or `output`. */
  readonly role: string;
}

/**
 * The tensor itself, marked in the graph: a `Tap` node that no simplification removes; `findTaps` lists them. Compute on with
 * the returned tensor: a cotangent reaches the mark only through it.
 * @throws {TraceError} outside of trace()
 */
export function tap<T extends Tensor>(tensor: T, { layer, role }: TapPlace): T {
  return run('Tap', tensor, { layer, role }) as T;
}

/** The tensor as a constant to differentiation: value kept, gradient zero. @throws {TraceError} outside of trace() */
export function stopGradient<T extends Tensor>(tensor: T): T {
  return run('StopGradient', tensor) as T;
}

/**
 * Inverses of symmetric positive definite matrices [.., n, n], batched; O(n^3) each.
 * @throws {TraceError} outside of trace() or when the last two axes differ
 */
export function spdInverse<T extends Tensor>(tensor: T): T {
  return run('SpdInverse', requireSquare('spdInverse', tensor)) as T;
}

/**
 * Natural logarithms of the determinants of symmetric positive definite matrices [.., n, n], batched: [..], in nats.
 * @throws {TraceError} outside of trace() or when the last two axes differ
 */
export function logDet(tensor: Tensor): Tensor {
  return run('LogDet', requireSquare('logDet', tensor));
}

/**
 * Lower Cholesky factors L of the symmetric parts of positive definite matrices [.., n, n], batched; O(n^3 / 3) each.
 * A matrix that is not positive definite shows as NaN.
 * @throws {TraceError} outside of trace() or when the last two axes differ
 */
export function cholesky<T extends Tensor>(tensor: T): T {
  return run('Cholesky', requireSquare('cholesky', tensor)) as T;
}

/**
 * L^-1 B, or L^-T B with `transpose`, of lower triangular matrices L [.., n, n] and right sides B [.., n, k]; what stands above
 * the diagonal of L is not read.
 * @throws {TraceError} outside of trace() or when the last two axes of L differ
 */
export function triangularSolve<T extends Tensor>(lower: Tensor, b: T, options: { readonly transpose?: boolean } = {}): T {
  const x = requireSquare('triangularSolve', lower);
  return run('TriangularSolve', x, { transpose: options.transpose ?? false }, { b }) as T;
}

/** Gaussian error linear units x P(X <= x), X standard normal, in the exact form, which takes erf. @throws {TraceError} outside of trace() */
export function gelu<T extends Tensor>(tensor: T): T {
  return run('Gelu', tensor) as T;
}

function run(kernel: string, x: Tensor, attributes: Record<string, string | boolean> = {}, others: Record<string, Tensor> = {}): Tensor {
  if (!isRecording()) {
    const remedy = 'trace the function, then run its graph with an executor';
    throw new TraceError({ op: kernel, shape: x.shape, expected: 'a traced function', got: 'an eager call', remedy });
  }
  return engine().runKernel(kernel, { x, ...others }, attributes);
}

function requireSquare(op: string, tensor: Tensor): Tensor {
  const [rows, columns] = tensor.shape.slice(-2);
  if (tensor.rank >= 2 && rows === columns) return tensor;
  const remedy = 'matrices stand in the last two axes';
  throw new TraceError({ op, shape: tensor.shape, expected: 'square matrices [.., n, n]', got: `rank ${tensor.rank}`, remedy });
}
