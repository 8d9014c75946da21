/**
 * Strided walks: every layout kernel of the reference interpreter is one table of source offsets.
 */
import { sizeOf, stridesOf, type Shape } from '@geodesic/tensor';

/** Offsets of a walk over `shape` in row-major order; one step along axis i moves by strides[i]. O(size). */
export function offsets(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const size = sizeOf(shape);
  const out = new Int32Array(size);
  out[0] = start;
  let filled = 1;
  // Fills the innermost axis first, then copies whole blocks, shifted, for each outer axis.
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const block = filled;
    for (let step = 1; step < shape[axis]; step++) {
      const shift = step * strides[axis];
      for (let i = 0; i < block; i++) out[filled++] = out[i] + shift;
    }
  }
  return out;
}

/** Strides that read a value of shape `from` as if it had the shape `to` (numpy broadcasting): 0 along repeated axes. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead]));
}

/** Reads values at offsets into a fresh array. */
export function gather(data: Float64Array, at: Int32Array): Float64Array {
  const out = new Float64Array(at.length);
  for (let i = 0; i < at.length; i++) out[i] = data[at[i]];
  return out;
}
