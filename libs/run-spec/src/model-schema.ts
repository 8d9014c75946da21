/**
 * The model: a recipe and its options (`recipe` decides which there are), or one that the user brings, as an ES module or as files of
 * a tf.LayersModel.
 * Reference sizes of the NDM classifier: stem to 32 coordinates, 4 chart blocks with hidden width 64, metric rank 8 on 4 basis matrices.
 */
import { z } from 'zod';
import { nearest } from './did-you-mean.ts';
import { flag, integer, number, oneOf, oneOfInWords, section, text } from './fields.ts';
import type { ModelSpec, RecipeSpec, UserModelSpec } from './types.ts';

/** The recipes, in the order in which an error lists them. */
export const MODEL_RECIPES: readonly RecipeSpec['recipe'][] = [
  'ndm-classifier',
  'mlp-classifier',
  'cnn-classifier',
  'transformer-classifier',
  'autoencoder',
];

const width = (): z.ZodNumber => integer({ min: 1, max: 65_536 });

const metric = section({
  rank: width().default(8),
  basis: width().default(4),
  hidden: width().default(32),
});

const ndmClassifier = section({
  recipe: z.literal('ndm-classifier'),
  width: integer({ min: 2, max: 65_536 }).default(32),
  blocks: integer({ min: 1, max: 1024 }).default(4),
  hidden: width().default(64),
  reflections: integer({ min: 0, max: 64 }).default(2),
  scaleMax: number({ above: 0, max: 10 }).default(2),
  metric: metric.prefault({}),
});

const mlpClassifier = section({
  recipe: z.literal('mlp-classifier'),
  hidden: z.array(width(), { error: 'a list of layer widths' }).default([64, 32]),
  activation: oneOf(['tanh', 'relu']).default('tanh'),
});

const cnnClassifier = section({
  recipe: z.literal('cnn-classifier'),
  filters: z
    .array(width(), { error: 'a list of numbers of filters' })
    .min(1, { error: 'a list of at least one number of filters' })
    .default([16, 32]),
  hidden: z.array(width(), { error: 'a list of layer widths' }).default([]),
  batchNorm: flag().default(false),
});

const transformerClassifier = section({
  recipe: z.literal('transformer-classifier'),
  levels: integer({ min: 2, max: 65_536 }).default(17),
  width: width().default(32),
  blocks: integer({ min: 1, max: 1024 }).default(2),
  heads: width().default(4),
  dropout: number({ min: 0, below: 1 }).default(0),
});

const autoencoder = section({
  recipe: z.literal('autoencoder'),
  hidden: z
    .array(width(), { error: 'a list of layer widths' })
    .min(1, { error: 'a list of at least one layer width' })
    .default([250, 100, 30]),
  activation: oneOf(['tanh', 'relu']).default('tanh'),
});

const path = (): z.ZodString => text(/./, 'a path relative to the folder of the spec');
const digest = text(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits').exactOptional();

const moduleModel = section({
  module: path(),
  options: z.record(z.string(), z.json(), { error: 'a mapping of options' }).default({}),
  digest,
});

const layersModel = section({
  layersModel: path(),
  customLayers: path().exactOptional(),
  task: oneOf(['classification', 'autoencoder']).default('classification'),
  digest,
});

const recipe = z.discriminatedUnion('recipe', [ndmClassifier, mlpClassifier, cnnClassifier, transformerClassifier, autoencoder], {
  error: (issue) => (issue.code === 'invalid_union' ? oneOfInWords(MODEL_RECIPES) : 'a mapping with a recipe, a module or a layersModel'),
});

/** The keys that say what kind of model it is. */
const KINDS: readonly string[] = ['recipe', 'module', 'layersModel'];

/** The `model` section: the kind is decided by the key that is there, so that problems are those of one kind only. */
export const modelSchema: z.ZodType<ModelSpec> = z.unknown().transform((written, context) => {
  const keys = typeof written === 'object' && written !== null && !Array.isArray(written) ? Object.keys(written) : [];
  const slip = keys.some((key) => KINDS.includes(key)) ? undefined : keys.find((key) => nearest(key, KINDS) !== undefined);
  if (slip !== undefined) {
    context.issues.push({
      code: 'unrecognized_keys',
      keys: [slip],
      message: oneOfInWords(KINDS),
      path: [],
    } as unknown as z.core.$ZodRawIssue);
    return z.NEVER;
  }
  const schema: z.ZodType<ModelSpec> = keys.includes('module') ? moduleModel : keys.includes('layersModel') ? layersModel : recipe;
  const result = schema.safeParse(written);
  if (result.success) return result.data;
  for (const issue of result.error.issues) context.issues.push({ ...issue, input: written } as z.core.$ZodRawIssue);
  return z.NEVER;
});

/** Whether the user brings the model. */
export function isUserModel(model: ModelSpec): model is UserModelSpec {
  return !('recipe' in model);
}

/** What a model is called in a sentence: its recipe, or its file. */
export function modelName(model: ModelSpec): string {
  if ('recipe' in model) return model.recipe;
  return 'module' in model ? model.module : model.layersModel;
}
