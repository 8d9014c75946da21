/**
 * Tensors at rest: an element type, a shape and a row-major typed array. bool is stored as bytes 0 and 1.
 */
import { ShapeError } from './errors.ts';
import type { Shape } from './shape.ts';

/** Element types. */
export type DType = 'float32' | 'float64' | 'int32' | 'bool';

/** The arrays that hold them; bool is Uint8Array. */
export type NumericArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A tensor; whoever holds it owns its array. */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: NumericArray;
}

/** A zeroed array of `size` elements of a type. @throws {ShapeError} when the size is not a whole number of at least 0 */
export function allocate(dtype: DType, size: number): NumericArray {
  if (!Number.isSafeInteger(size) || size < 0) throw new ShapeError('allocate', 'a whole size of at least 0', String(size));
  switch (dtype) {
    case 'float32':
      return new Float32Array(size);
    case 'float64':
      return new Float64Array(size);
    case 'int32':
      return new Int32Array(size);
    case 'bool':
      return new Uint8Array(size);
  }
}
