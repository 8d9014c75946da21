/**
 * Shapes of dense row-major tensors: sizes, strides and numpy broadcasting.
 * A scalar has shape [] and one entry; an axis of length 0 makes an empty tensor.
 */
import { ShapeError } from './errors.ts';

/** Lengths of the axes, outermost first. */
export type Shape = readonly number[];

/** Number of entries. @throws {ShapeError} when a length is not a whole number of at least 0 */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) throw new ShapeError('sizeOf', 'whole lengths of at least 0', describeShape(shape));
    size *= length;
  }
  return size;
}

/** Entries between neighbours along each axis of a row-major tensor; the last axis has stride 1. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; stride *= shape[axis], axis--) strides[axis] = stride;
  return strides;
}

/** Whether two shapes are equal, axis by axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/**
 * The shape to which both broadcast: axes are aligned at the end, and an axis of length 1 stretches.
 * @throws {ShapeError} when two lengths differ and neither is 1
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new ShapeError('broadcastShapes', 'axes that are equal or 1', `${describeShape(a)} and ${describeShape(b)}`);
    return left === 1 ? right : left;
  });
}

function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
