/**
 * Kernels that move values without computing: reshapes, slices, joins, repeats, padding.
 */
import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type {
  BroadCastToAttrs,
  ConcatAttrs,
  ExpandDimsAttrs,
  PackAttrs,
  PadV2Attrs,
  ReshapeAttrs,
  ReverseAttrs,
  SliceAttrs,
  SplitVAttrs,
  StridedSliceAttrs,
  TensorInfo,
  TileAttrs,
  TransposeAttrs,
  UnpackAttrs,
} from '@tensorflow/tfjs-core';
import { sizeOf, type Shape } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';
import { TraceError } from '../trace-error.ts';
import { axesOf, axisOf, type LoweringTable } from './lowering.ts';

/** Lowerings of shape kernels. */
export const shapes: LoweringTable = {
  Reshape: (recorder, { x }, { shape }: ReshapeAttrs) => recorder.reshape(x, util.inferFromImplicitShape([...shape], sizeOf(x.shape))),
  ExpandDims: (recorder, { input }, { dim }: ExpandDimsAttrs) =>
    recorder.reshape(input, input.shape.toSpliced(axisOf(dim, input.shape.length + 1), 0, 1)),
  Transpose: (recorder, { x }, { perm }: TransposeAttrs) => {
    if (recorder.isSplat(x))
      return recorder.broadcast(
        x,
        perm.map((axis) => x.shape[axis]),
      );
    return recorder.kernel('Transpose', [x], { perm: [...perm] });
  },
  Slice: (recorder, { x }, { begin, size }: SliceAttrs) => {
    const [first, extent] = slice_util.parseSliceParams(tfjsInfo(x), begin, size);
    return recorder.slice(x, first, extent);
  },
  StridedSlice: (recorder, { x }, attributes: StridedSliceAttrs) => stridedSlice(recorder, x, attributes),
  Reverse: (recorder, { x }, { dims }: ReverseAttrs) => recorder.kernel('Reverse', [x], { axes: axesOf(dims, x.shape) }),
  FlipLeftRight: (recorder, { image }) => recorder.kernel('Reverse', [image], { axes: [2] }),
  BroadcastTo: (recorder, { x }, { shape }: BroadCastToAttrs) => recorder.broadcast(x, [...shape]),
  Concat: (recorder, inputs, { axis }: ConcatAttrs) => {
    const values = Object.values(inputs);
    return recorder.concat(values, axesOf(axis, values[0].shape)[0]);
  },
  Pack: (recorder, inputs, { axis }: PackAttrs) => {
    const values = Object.values(inputs);
    const at = axisOf(axis, values[0].shape.length + 1);
    return recorder.concat(
      values.map((value) => recorder.reshape(value, value.shape.toSpliced(at, 0, 1))),
      at,
    );
  },
  Unpack: (recorder, { value }, { axis }: UnpackAttrs) => {
    const at = axisOf(axis, value.shape.length);
    const parts = split(
      recorder,
      value,
      at,
      Array.from({ length: value.shape[at] }, () => 1),
    );
    return parts.map((part) => recorder.reshape(part, value.shape.toSpliced(at, 1)));
  },
  SplitV: (recorder, { x }, { numOrSizeSplits, axis }: SplitVAttrs) => {
    const [at] = axesOf(axis, x.shape);
    return split(recorder, x, at, backend_util.prepareSplitSize(tfjsInfo(x), numOrSizeSplits, at));
  },
  Tile: (recorder, { x }, { reps }: TileAttrs) => tile(recorder, x, reps),
  PadV2: (recorder, { x }, { paddings, constantValue }: PadV2Attrs) => {
    if (!Number.isFinite(constantValue)) {
      const remedy = 'pad with a large finite number';
      throw new TraceError({ op: 'pad', shape: x.shape, expected: 'a finite constant', got: String(constantValue), remedy });
    }
    return recorder.kernel('PadV2', [x], { paddings: paddings.map(([before, after]) => [before, after]), value: constantValue });
  },
};

function stridedSlice(recorder: Recorder, x: Value, attributes: StridedSliceAttrs): Value {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
  const info = slice_util.sliceInfo([...x.shape], begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask);
  const size: Shape = slice_util.computeOutShape(info.begin, info.end, info.strides);
  const block = info.strides.every((stride) => stride === 1)
    ? recorder.slice(x, info.begin, size)
    : recorder.kernel('Stride', [x], { begin: info.begin, size: [...size], strides: info.strides });
  return recorder.reshape(block, info.finalShape);
}

function split(recorder: Recorder, x: Value, axis: number, sizes: readonly number[]): Value[] {
  let from = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, i) => (i === axis ? from : 0));
    from += size;
    return recorder.slice(x, begin, x.shape.with(axis, size));
  });
}

/** Repeats axis i `reps[i]` times: free where the axis has size 1, else through [r0, d0, r1, d1, ..]. */
function tile(recorder: Recorder, x: Value, reps: readonly number[]): Value {
  const tiled = x.shape.map((size, axis) => size * reps[axis]);
  if (x.shape.every((size, axis) => size === 1 || reps[axis] === 1)) return recorder.broadcast(x, tiled);
  const spread = recorder.reshape(
    x,
    x.shape.flatMap((size) => [1, size]),
  );
  return recorder.reshape(
    recorder.broadcast(
      spread,
      x.shape.flatMap((size, axis) => [reps[axis], size]),
    ),
    tiled,
  );
}

/** Helpers of tfjs want a tensor and read its shape only. */
function tfjsInfo(x: Value): TensorInfo {
  return { dataId: {}, shape: [...x.shape], dtype: x.dtype as TensorInfo['dtype'] };
}
