/**
 * A tf.LayersModel as a pure function: its `call` runs unchanged, but every variable reads as a tensor that is given, and what a
 * layer would draw or write goes elsewhere. The variables themselves are not touched; afterwards the model is as it was.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { TraceError } from '@geodesic/engine/trace';
import { UserModelError } from '../errors.ts';
import { override, withOverrides, type Override } from '../overrides.ts';
import { faceOf, layerTree, outputLayer, type LayerFace } from './layer-tree.ts';
import { noiseOverrides, type Draw } from './noise.ts';

/** What one call of the function is given. */
export interface LayersCall {
  readonly read: (variable: LayerVariable) => tf.Tensor;
  readonly draw: Draw;
  readonly training: boolean;
  /** More overrides for the time of the call. */
  readonly overrides?: readonly Override[];
}

/** The pure function of a model. */
export interface LayersFunction {
  /** x [B, ...] -> the model's only output [B, ...]. */
  call(x: tf.Tensor, options: LayersCall): tf.Tensor;
  /** The sum of all regularisers; undefined where there are none. */
  penalty(read: LayersCall['read']): tf.Tensor | undefined;
}

/** Options of {@link layersFunction}. */
export interface LayersFunctionOptions {
  /** The output before its softmax, which the loss takes in a stable form. */
  readonly logits: boolean;
}

/** @throws {UserModelError} for several inputs or outputs, recurrent state kept between batches, and constraints on weights */
export function layersFunction(model: LayersModel, { logits }: LayersFunctionOptions): LayersFunction {
  const root = faceOf(model);
  const layers = layerTree(root);
  requireSingle(model);
  layers.forEach(requireStateless);
  model.weights.forEach(requireUnconstrained);
  const lastLayer = logits ? [withoutSoftmax(outputLayer(root))] : [];
  const reads = (read: LayersCall['read']): Override[] =>
    model.weights.map((variable) => override(variable, { read: () => read(variable) }));
  return {
    call: (x, { read, draw, training, overrides = [] }) =>
      withOverrides([...reads(read), ...noiseOverrides(layers, draw), ...lastLayer, ...overrides], () =>
        // Names come last: they stand around whatever a layer's call is by then.
        withOverrides(layers.slice(1).map(namingItself), () => single(model.apply(x, { training }))),
      ),
    penalty: (read) => {
      const terms = withOverrides(reads(read), () => model.calculateLosses());
      return terms.length === 0 ? undefined : tf.addN(terms.map((term) => tf.sum(term)));
    },
  };
}

/** Whether the last layer ends in a softmax; else its output is taken as logits. */
export function endsInSoftmax(model: LayersModel): boolean {
  const last = outputLayer(faceOf(model));
  return last.getClassName() === 'Softmax' || last.activation?.getClassName() === 'softmax';
}

/** The name of the activation that makes the model's output, `linear` where there is none. */
export function outputActivation(model: LayersModel): string {
  return outputLayer(faceOf(model)).activation?.getClassName() ?? 'linear';
}

/** A layer that says its name when it cannot be recorded. */
function namingItself(layer: LayerFace): Override {
  const call = layer.call.bind(layer);
  const named: LayerFace['call'] = (inputs, kwargs) => {
    try {
      return call(inputs, kwargs);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      const { op, shape, expected, got, remedy } = error;
      const what = shape === undefined ? op : `${op} [${shape.join(',')}]`;
      throw new UserModelError({ subject: `layer ${layer.name} (${layer.getClassName()}): ${what}`, expected, got, remedy, cause: error });
    }
  };
  return override(layer, { call: named });
}

function withoutSoftmax(last: LayerFace): Override {
  if (last.getClassName() === 'Softmax') return override(last, { call: (x: tf.Tensor | tf.Tensor[]) => single(x) });
  const activation = { getClassName: () => 'linear', getConfig: () => ({}), apply: (x: tf.Tensor) => x };
  return override(last, { activation });
}

function requireSingle({ inputs, outputs, name }: LayersModel): void {
  if (inputs.length === 1 && outputs.length === 1) return;
  throw new UserModelError({
    subject: name,
    expected: 'one input and one output',
    got: `${inputs.length} and ${outputs.length}`,
    remedy: 'export a module with parameters and forward, which may return several outputs by name',
  });
}

function requireStateless({ name, stateful }: LayerFace): void {
  if (stateful !== true) return;
  throw new UserModelError({
    subject: name,
    expected: 'a layer whose output depends on the example alone',
    got: 'stateful: true, a state that goes from batch to batch',
    remedy: 'leave stateful out: examples come in another order in every epoch',
  });
}

function requireUnconstrained({ originalName, constraint }: LayerVariable): void {
  // tfjs leaves the field undefined or null where there is none.
  const found = constraint as { getClassName(): string } | null | undefined;
  if (found === null || found === undefined) return;
  throw new UserModelError({
    subject: originalName,
    expected: 'a weight without a constraint',
    got: found.getClassName(),
    remedy: 'remove the constraint, or write it into the function, such as relu(w) for a non-negative w',
  });
}

function single(value: unknown): tf.Tensor {
  return (Array.isArray(value) ? value[0] : value) as tf.Tensor;
}
