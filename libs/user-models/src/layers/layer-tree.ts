/**
 * The layers of a tf.LayersModel as a flat list, and the parts of tfjs-layers that its types hide. They are those of
 * @tensorflow/tfjs-layers 4.22.0. Models are known by their shape, not their class: a user's module may bring its own tfjs.
 */
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A part of a model that has a serialised form. */
export interface Described {
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
}

/** An activation function of a layer. */
export interface ActivationFace extends Described {
  apply(x: Tensor): Tensor;
}

/** The private face of a layer, of a wrapper around layers, of a recurrent cell, or of a nested model. */
export interface LayerFace extends Described {
  readonly name: string;
  readonly weights: readonly LayerVariable[];
  readonly trainableWeights: readonly LayerVariable[];
  readonly trainable: boolean;
  /** A recurrent layer that keeps its state between batches. */
  readonly stateful?: boolean;
  call(inputs: Tensor | Tensor[], kwargs: Readonly<Record<string, unknown>>): Tensor | Tensor[];
  activation?: ActivationFace | null;
  readonly layers?: readonly LayerFace[];
  readonly outputLayers?: readonly LayerFace[];
  readonly layer?: LayerFace;
  readonly forwardLayer?: LayerFace;
  readonly backwardLayer?: LayerFace;
  readonly cell?: LayerFace;
  readonly cells?: readonly LayerFace[];
}

/** Whether a value is a model of tfjs-layers, of whatever copy of the package. */
export function isLayersModel(value: unknown): value is LayersModel {
  if (typeof value !== 'object' || value === null) return false;
  const { layers, inputs, getWeights, apply } = value as Partial<LayersModel>;
  return Array.isArray(layers) && Array.isArray(inputs) && typeof getWeights === 'function' && typeof apply === 'function';
}

/** The model itself as a layer. */
export function faceOf(model: LayersModel): LayerFace {
  const hidden: unknown = model;
  return hidden as LayerFace;
}

/** Whether a layer is a batch normalisation. */
export function isBatchNorm(layer: LayerFace): boolean {
  return layer.getClassName() === 'BatchNormalization';
}

/** A layer and everything inside of it, outer before inner, each once. */
export function layerTree(root: LayerFace, known: Set<LayerFace> = new Set()): readonly LayerFace[] {
  if (known.has(root)) return [];
  known.add(root);
  const { layers = [], cells = [], layer, forwardLayer, backwardLayer, cell } = root;
  const inner = [...layers, layer, forwardLayer, backwardLayer, cell, ...cells].filter((part) => part !== undefined);
  return [root, ...inner.flatMap((part) => layerTree(part, known))];
}

/** The innermost layer that makes a model's only output. */
export function outputLayer(root: LayerFace): LayerFace {
  const { outputLayers = [], layers = [] } = root;
  const last = outputLayers[0] ?? layers.at(-1);
  return last === undefined ? root : outputLayer(last);
}
