/**
 * The model recipes and their options (`recipe` decides which options there are).
 * Reference sizes of the NDM classifier: stem to 32 coordinates, 4 chart blocks with hidden width 64, metric rank 8 on 4 basis matrices.
 */
import { z } from 'zod';
import { integer, number, oneOf, oneOfInWords, section } from './fields.ts';
import type { ModelSpec } from './types.ts';

/** The recipes, in the order in which an error lists them. */
export const MODEL_RECIPES: readonly ModelSpec['recipe'][] = ['ndm-classifier', 'mlp-classifier'];

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

/** The `model` section. */
export const modelSchema: z.ZodType<ModelSpec> = z.discriminatedUnion('recipe', [ndmClassifier, mlpClassifier], {
  error: (issue) => (issue.code === 'invalid_union' ? oneOfInWords(MODEL_RECIPES) : 'a mapping with a recipe'),
});
