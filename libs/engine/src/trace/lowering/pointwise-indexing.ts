/**
 * Kernels that read and write at listed coordinates, and the largest entries with their positions. Where values are written
 * over others, coordinates must be listed once, as TensorFlow asks for; repeated ones add up here.
 */
import type { ScatterNdAttrs, SparseToDenseAttrs, TopKAttrs } from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';

/** Lowerings of pointwise indexing. */
export const pointwiseIndexing: LoweringTable = {
  TopK: (recorder, { x }, { k }: TopKAttrs) => {
    const indices = recorder.kernel('TopKIndices', [x.dtype === 'bool' ? recorder.cast(x, 'int32') : x], { k });
    return [recorder.kernel('TakeAlongAxis', [x, indices], { axis: x.shape.length - 1 }), indices];
  },
  GatherNd: (recorder, { params, indices }) => recorder.kernel('GatherNd', [params, recorder.cast(indices, 'int32')]),
  ScatterNd: (recorder, { indices, updates }, { shape }: ScatterNdAttrs) => scatter(recorder, indices, updates, shape),
  SparseToDense: (recorder, { sparseIndices, sparseValues, defaultValue }, { outputShape }: SparseToDenseAttrs) => {
    const { shape } = sparseIndices;
    // A list of positions addresses the first axis.
    const indices = shape.length > 1 ? sparseIndices : recorder.reshape(sparseIndices, [...(shape.length === 0 ? [1] : shape), 1]);
    const values = recorder.broadcast(sparseValues, [indices.shape[0], ...outputShape.slice(indices.shape[1])]);
    return overwrite(recorder, recorder.broadcast(defaultValue, outputShape), { indices, values });
  },
  TensorScatterUpdate: (recorder, { tensor, indices, updates }) => overwrite(recorder, tensor, { indices, values: updates }),
};

function scatter(recorder: Recorder, indices: Value, updates: Value, shape: Shape): Value {
  const numeric = updates.dtype === 'bool' ? recorder.cast(updates, 'int32') : updates;
  const sums = recorder.kernel('ScatterNd', [numeric, recorder.cast(indices, 'int32')], { shape: [...shape] });
  return recorder.cast(sums, updates.dtype);
}

/** The values at their coordinates, the background elsewhere. */
function overwrite(recorder: Recorder, background: Value, { indices, values }: { readonly indices: Value; readonly values: Value }): Value {
  const ones = recorder.constant(1, 'int32', values.shape);
  const hit = recorder.elementwise('Greater', scatter(recorder, indices, ones, background.shape), 0);
  return recorder.elementwise('Select', hit, scatter(recorder, indices, values, background.shape), background);
}
