/**
 * Tensors as safetensors stores them: row-major, little-endian, named by the format's own dtypes.
 * Only the dtypes that Geodesic writes are read; F16, BF16 and 64-bit integers are refused by name.
 */

/** Dtypes that are read and written; BOOL is one byte, 0 or 1. */
export type StoredDType = 'F64' | 'F32' | 'I32' | 'U8' | 'BOOL';

export type StoredArray = Float64Array | Float32Array | Int32Array | Uint8Array;

/** One tensor; an empty shape is a scalar. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly data: StoredArray;
}

/** Bytes of one element, and the array that holds them. */
export interface Storage {
  readonly bytes: 8 | 4 | 1;
  /** A typed array over a buffer of its own. */
  readonly wrap: (buffer: ArrayBuffer) => StoredArray;
  readonly holds: (data: StoredArray) => boolean;
}

/** How each dtype is stored. */
export const STORAGE: Readonly<Record<StoredDType, Storage>> = {
  F64: { bytes: 8, wrap: (buffer) => new Float64Array(buffer), holds: (data) => data instanceof Float64Array },
  F32: { bytes: 4, wrap: (buffer) => new Float32Array(buffer), holds: (data) => data instanceof Float32Array },
  I32: { bytes: 4, wrap: (buffer) => new Int32Array(buffer), holds: (data) => data instanceof Int32Array },
  U8: { bytes: 1, wrap: (buffer) => new Uint8Array(buffer), holds: (data) => data instanceof Uint8Array },
  BOOL: { bytes: 1, wrap: (buffer) => new Uint8Array(buffer), holds: (data) => data instanceof Uint8Array },
};

/** Whether a word is a dtype that is read here. */
export function isStoredDType(word: unknown): word is StoredDType {
  return typeof word === 'string' && Object.hasOwn(STORAGE, word);
}

/** A float32 tensor, the usual case. */
export function float32Tensor(shape: readonly number[], data: Float32Array): StoredTensor {
  return { dtype: 'F32', shape, data };
}

/** A float64 tensor; optimiser state is kept in it. */
export function float64Tensor(shape: readonly number[], data: Float64Array): StoredTensor {
  return { dtype: 'F64', shape, data };
}
