/**
 * The weights of a tf.LayersModel as rows of a table, layer by layer, so that a bias follows its weight. Names are tfjs' own,
 * `conv2d_Conv2D1/kernel`; the layer of a weight is what stands before the last slash.
 */
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { UserModelError } from '../errors.ts';
import { faceOf, isBatchNorm, layerTree, type LayerFace } from './layer-tree.ts';

/** What becomes of a weight: trained, kept as it is, or a moving statistic of batch normalisation. */
export type WeightUse = 'trained' | 'frozen' | 'moving';

/** One weight of a model. */
export interface Weight {
  /** Unique in the model. */
  readonly name: string;
  readonly layer: string;
  readonly variable: LayerVariable;
  /** The innermost layer, or cell, that has it. */
  readonly owner: LayerFace;
  readonly use: WeightUse;
}

/** The weights of a model, in the order of its layers. @throws {UserModelError} for a model that has not been built */
export function weightsOf(model: LayersModel): readonly Weight[] {
  const root = faceOf(model);
  const tree = layerTree(root);
  const owners = new Map(tree.flatMap((face) => ownWeights(face).map((variable) => [variable, face] as const)));
  const trained = new Set(root.trainableWeights);
  const named = uniqueNames(tree.flatMap((face) => ownWeights(face).filter((variable) => owners.get(variable) === face)));
  return named.map(({ name, variable }) => {
    const owner = owners.get(variable)!;
    const use = trained.has(variable) ? 'trained' : isMoving(owner, variable) ? 'moving' : 'frozen';
    return { name, layer: layerName(name), variable, owner, use };
  });
}

/**
 * The weights under names that are the same in every process: tfjs numbers layers without a name by how many were made before,
 * so the names of two builds differ there, and such layers are numbered anew within the model.
 */
export function steadyNames(weights: readonly Weight[], again: readonly Weight[]): readonly Weight[] {
  if (weights.every(({ name }, i) => name === again[i]?.name)) return weights;
  const numbers = new Map<string, string>();
  const counts = new Map<string, number>();
  const steady = (part: string): string => {
    const known = numbers.get(part);
    if (known !== undefined) return known;
    const kind = part.replace(/\d+$/, '');
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    numbers.set(part, `${kind}${count}`);
    return `${kind}${count}`;
  };
  const numbered = /^.+_[A-Z]\w*\d+$/; // such as dense_Dense7
  return weights.map((weight) => {
    const parts = weight.name.split('/');
    const name = parts.map((part, i) => (i < parts.length - 1 && numbered.test(part) ? steady(part) : part)).join('/');
    return { ...weight, name, layer: layerName(name) };
  });
}

/** The parameter or state entry that a weight is in a run; undefined for frozen weights. */
export function nameInRun({ name, layer, use }: Weight): string | undefined {
  if (use === 'frozen') return undefined;
  return use === 'trained' ? name : `${layer}.${name.endsWith('moving_mean') ? 'mean' : 'variance'}`;
}

function ownWeights(face: LayerFace): readonly LayerVariable[] {
  try {
    return face.weights;
  } catch (error) {
    throw new UserModelError({
      subject: face.name,
      expected: 'a model that has been built',
      got: error instanceof Error ? error.message : String(error),
      remedy: 'give the first layer an inputShape, or call model.build([null, ...shape])',
      cause: error,
    });
  }
}

function uniqueNames(variables: readonly LayerVariable[]): { name: string; variable: LayerVariable }[] {
  const seen = new Map<string, number>();
  return variables.map((variable) => {
    const count = seen.get(variable.originalName) ?? 0;
    seen.set(variable.originalName, count + 1);
    return { name: count === 0 ? variable.originalName : `${variable.originalName}_${count}`, variable };
  });
}

function isMoving(owner: LayerFace, { originalName }: LayerVariable): boolean {
  return isBatchNorm(owner) && owner.trainable && /\/moving_(mean|variance)$/.test(originalName);
}

function layerName(weight: string): string {
  const end = weight.lastIndexOf('/');
  return end < 0 ? weight : weight.slice(0, end);
}
