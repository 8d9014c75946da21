/**
 * Arrays of ours as tensors of the runtime, and the types that hold graph dtypes in a session.
 */
import { allocate, sizeOf, type DType, type NumericArray, type Shape, type TensorData } from '@geodesic/tensor';
import * as ort from 'onnxruntime-node';
import { isFloat } from '../graph.ts';
import type { Precision } from './writer.ts';

/** The type that holds a graph dtype in a session. */
export function held(dtype: DType, precision: Precision): DType {
  return isFloat(dtype) && precision === 'float64' ? 'float64' : dtype;
}

/** Wraps an array for the runtime; copies where the type differs or the runtime refuses shared memory. */
export function toOrt({ dtype, shape, data }: TensorData, as: DType): ort.Tensor {
  let entries = data;
  if (dtype !== as || data.buffer instanceof SharedArrayBuffer) {
    entries = allocate(as, sizeOf(shape));
    entries.set(data);
  }
  return new ort.Tensor(as, entries as Float32Array, shape);
}

/** A result on the host; its array belongs to the caller. */
export function fromOrt(result: ort.Tensor, type: { readonly shape: Shape; readonly dtype: DType }): TensorData {
  return { shape: type.shape, dtype: type.dtype, data: result.data as NumericArray };
}
