/**
 * Whether a model and its data speak of the same examples: numbers of features, and targets of the task's type.
 */
import type { Dataset } from '@geodesic/data';
import { ModelError, type Model } from '@geodesic/nn';
import type { RecipeSpec } from '@geodesic/run-spec';
import { sizeOf } from '@geodesic/tensor';

/** Refuses a recipe that classifies examples without classes, before it is built for none. @throws {ModelError} */
export function requireClasses(recipe: RecipeSpec['recipe'], { name, classes }: Pick<Dataset, 'name' | 'classes'>): void {
  if (classes > 0 || recipe === 'autoencoder') return;
  throw new ModelError(
    recipe,
    'examples with classes',
    `the source ${name}, which has none (use the recipe autoencoder, or another source)`,
  );
}

/** Refuses a model whose features or targets the data do not have. @throws {ModelError} */
export function requireFittingData({ featureShape, task }: Model, { name, featureShape: given, classes }: Dataset): void {
  const shape = (sizes: readonly number[]): string => `[${sizes.join(', ')}]`;
  if (sizeOf(featureShape) !== sizeOf(given))
    throw new ModelError('featureShape', `${sizeOf(given)} features, as ${name} has: ${shape(given)}`, shape(featureShape));
  if (task.target === 'features') return;
  if (classes === 0)
    throw new ModelError(`task ${task.name}`, `its features as target, since the examples of ${name} have no classes`, 'another target');
  // A class also serves as a number to regress on.
  const { dtype, shape: target, below = classes } = task.target;
  const fits = target.length === 0 && (dtype === 'float32' || (dtype === 'int32' && below === classes));
  if (!fits)
    throw new ModelError(`task ${task.name}`, `one target an example, a class below ${classes}`, `${dtype}${shape(target)} below ${below}`);
}
