/**
 * Kernels that move blocks between the batch, the channels and the image, and reflecting paddings.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { BatchToSpaceNDAttrs, DepthToSpaceAttrs, MirrorPadAttrs, SpaceToBatchNDAttrs } from '@tensorflow/tfjs-core';
import type { Recorder, Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';

/** Lowerings of block moves and of MirrorPad. */
export const blocks: LoweringTable = {
  SpaceToBatchND: (recorder, { x }, { blockShape, paddings }: SpaceToBatchNDAttrs) => {
    const padded = x.shape.map((_, axis) => (axis >= 1 && axis <= blockShape.length ? [...paddings[axis - 1]] : [0, 0]));
    const value = recorder.kernel('PadV2', [x], { paddings: padded, value: 0 });
    const block = blockShape.reduce((a, b) => a * b, 1);
    const split = backend_util.getReshaped([...value.shape], blockShape, block, false);
    const moved = move(recorder, recorder.reshape(value, split), backend_util.getPermuted(split.length, blockShape.length, false));
    return recorder.reshape(moved, backend_util.getReshapedPermuted([...value.shape], blockShape, block, false));
  },
  BatchToSpaceND: (recorder, { x }, { blockShape, crops }: BatchToSpaceNDAttrs) => {
    const block = blockShape.reduce((a, b) => a * b, 1);
    const split = backend_util.getReshaped([...x.shape], blockShape, block);
    const moved = move(recorder, recorder.reshape(x, split), backend_util.getPermuted(split.length, blockShape.length));
    const joined = backend_util.getReshapedPermuted([...x.shape], blockShape, block);
    const cropped = joined.map((_, axis) => (axis >= 1 && axis <= blockShape.length ? crops[axis - 1] : [0, 0]));
    const begin = cropped.map(([before]) => before);
    const size = cropped.map(([before, after], axis) => joined[axis] - before - after);
    return recorder.slice(recorder.reshape(moved, joined), begin, size);
  },
  DepthToSpace: (recorder, { x }, { blockSize: n, dataFormat }: DepthToSpaceAttrs) => {
    if (dataFormat === 'NCHW') {
      const [batch, depth, height, width] = x.shape;
      const split = recorder.reshape(x, [batch, n, n, depth / (n * n), height, width]);
      return recorder.reshape(move(recorder, split, [0, 3, 4, 1, 5, 2]), [batch, depth / (n * n), height * n, width * n]);
    }
    const [batch, height, width, depth] = x.shape;
    const split = recorder.reshape(x, [batch, height, width, n, n, depth / (n * n)]);
    return recorder.reshape(move(recorder, split, [0, 1, 3, 2, 4, 5]), [batch, height * n, width * n, depth / (n * n)]);
  },
  MirrorPad: (recorder, { x }, { paddings, mode }: MirrorPadAttrs) =>
    paddings.reduce((value, [before, after], axis) => mirror(recorder, value, axis, { before, after, edge: mode === 'symmetric' }), x),
};

function move(recorder: Recorder, x: Value, perm: readonly number[]): Value {
  return recorder.kernel('Transpose', [x], { perm: [...perm] });
}

/** Reflects an axis at its ends; `edge`: the entry at the end is repeated. */
function mirror(recorder: Recorder, x: Value, axis: number, padding: { before: number; after: number; edge: boolean }): Value {
  const { before, after, edge } = padding;
  if (before === 0 && after === 0) return x;
  const n = x.shape[axis];
  const offset = edge ? 1 : 0;
  const indices = Int32Array.from({ length: before + n + after }, (_, i) => {
    const at = i - before;
    if (at < 0) return -at - offset;
    return at < n ? at : 2 * (n - 1) - at + offset;
  });
  return recorder.kernel('GatherV2', [x, recorder.data(indices, 'int32', [indices.length])], { axis });
}
