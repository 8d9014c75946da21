/**
 * The model recipes of the run spec: how each becomes a model, and the optimiser groups that it has when the spec names none.
 */
import { ndmClassifier } from '@geodesic/ndm';
import { mlpClassifier, type ClassifierModel } from '@geodesic/nn';
import type { GroupInput, ModelSpec, RunSpec } from '@geodesic/run-spec';

/** What the data says about the model. */
export interface DataShape {
  /** D, features of an example. */
  readonly inputs: number;
  /** K */
  readonly classes: number;
}

/** Builds the model of a spec for data of this shape; `steps` scales the warm-ups. */
export function modelOf(spec: RunSpec, { inputs, classes }: DataShape, steps: number): ClassifierModel {
  const { model } = spec;
  switch (model.recipe) {
    case 'mlp-classifier':
      return mlpClassifier({ inputs, classes, hidden: model.hidden, activation: model.activation });
    case 'ndm-classifier': {
      const { anchor, volume, volumeWarmup } = spec.objective!;
      const objective = { anchor, volume, volumeWarmupSteps: Math.max(1, Math.round(volumeWarmup * steps)) };
      return ndmClassifier({ ...model, inputs, classes, objective });
    }
  }
}

/**
 * The groups of a recipe. NDM: Fisher K-FAC at the ends, the learned metric inside the blocks, Adam for norms, mixes and metric nets;
 * MLP: Fisher K-FAC throughout.
 */
export function defaultGroups(model: ModelSpec): readonly GroupInput[] {
  switch (model.recipe) {
    case 'mlp-classifier':
      return [{ name: 'all', match: ['**'], method: 'kfac', damping: 0.1 }];
    case 'ndm-classifier':
      return [
        { name: 'ends', match: ['stem', 'head'], method: 'kfac', damping: 0.1 },
        { name: 'charts', match: ['block*.coupling*'], method: 'metric-kfac', damping: 0.1 },
        { name: 'geometry', match: ['**'], method: 'adam' },
      ];
  }
}
