/**
 * The model recipes of the run spec: how each becomes a model, and the optimiser groups that it has when the spec names none.
 */
import { ndmClassifier } from '@geodesic/ndm';
import { autoencoder, cnnClassifier, mlpClassifier, ModelError, transformerClassifier, withGreyLevels, type Model } from '@geodesic/nn';
import { isUserModel, type GroupInput, type ModelSpec, type RecipeSpec, type RunSpec } from '@geodesic/run-spec';

/** What the data says about the model. */
export interface DataShape {
  /** D, features of an example. */
  readonly inputs: number;
  /** K */
  readonly classes: number;
}

/** A spec whose model is a recipe. */
export type RecipeRun = RunSpec & { readonly model: RecipeSpec };

/** Builds the model of a spec for data of this shape; `steps` scales the warm-ups. */
export function modelOf(spec: RecipeRun, { inputs, classes }: DataShape, steps: number): Model {
  const { model } = spec;
  const { labelSmoothing } = spec.loss;
  switch (model.recipe) {
    case 'mlp-classifier':
      return mlpClassifier({ inputs, classes, hidden: model.hidden, activation: model.activation, labelSmoothing });
    case 'cnn-classifier': {
      const { filters, hidden, batchNorm } = model;
      return cnnClassifier({ imageShape: imageOf(inputs), featureShape: [inputs], classes, filters, hidden, batchNorm, labelSmoothing });
    }
    case 'transformer-classifier': {
      const { levels, width, blocks, heads, dropout } = model;
      const net = transformerClassifier({ vocabulary: levels, classes, positions: inputs, width, blocks, heads, dropout, labelSmoothing });
      return withGreyLevels(net, levels);
    }
    case 'autoencoder':
      return autoencoder({ inputs, hidden: model.hidden, activation: model.activation });
    case 'ndm-classifier': {
      const { anchor, volume, volumeWarmup } = spec.objective!;
      const objective = { anchor, volume, volumeWarmupSteps: Math.max(1, Math.round(volumeWarmup * steps)) };
      return ndmClassifier({ ...model, inputs, classes, objective, labelSmoothing });
    }
  }
}

/** A square grey image of as many pixels. */
function imageOf(inputs: number): [number, number, number] {
  const side = Math.sqrt(inputs);
  if (!Number.isInteger(side)) throw new ModelError('cnn-classifier', 'square grey images', `${inputs} features`);
  return [side, side, 1];
}

/**
 * The groups of a recipe. NDM: Fisher K-FAC at the ends, the learned metric inside the blocks, Adam for norms, mixes and metric nets;
 * MLP and autoencoder: Fisher K-FAC throughout; CNN and transformer: Adam for norms and embeddings. Undefined for a model that the user brings: its groups follow from its layers, when it is opened.
 */
export function defaultGroups(model: ModelSpec): readonly GroupInput[] | undefined {
  if (isUserModel(model)) return undefined;
  switch (model.recipe) {
    case 'mlp-classifier':
    case 'autoencoder':
      return [{ name: 'all', match: ['**'], method: 'kfac', damping: 0.1 }];
    case 'cnn-classifier': {
      const match = ['conv*', ...(model.hidden.length > 0 ? ['dense*'] : []), 'head'];
      const layers: GroupInput = { name: 'layers', match, method: 'kfac', damping: 0.1 };
      return model.batchNorm ? [layers, { name: 'norms', match: ['**'], method: 'adam' }] : [layers];
    }
    case 'transformer-classifier':
      return [
        { name: 'layers', match: ['block*.attention.*', 'block*.dense*', 'head'], method: 'kfac', damping: 0.1 },
        { name: 'rest', match: ['**'], method: 'adam' },
      ];
    case 'ndm-classifier':
      return [
        { name: 'ends', match: ['stem', 'head'], method: 'kfac', damping: 0.1 },
        { name: 'charts', match: ['block*.coupling*'], method: 'metric-kfac', damping: 0.1 },
        { name: 'geometry', match: ['**'], method: 'adam' },
      ];
  }
}
