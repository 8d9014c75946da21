/**
 * Softmax classification as a task: forward gives `logits` [B, K], the target is a class, the loss a cross-entropy in nats.
 */
import type { RandomInput } from '@geodesic/engine';
import { crossEntropy, hits, sampledLabelCotangent, smoothedCrossEntropy } from './losses/categorical.ts';
import { ModelError } from './errors.ts';
import { softmaxCurvature } from './output-curvature.ts';
import type { Task } from './task.ts';

/** The random input that labels are drawn with. */
export const labelUniform: RandomInput = { name: 'uniform:label', purpose: 'label', distribution: 'uniform', width: 1 };

/**
 * Classification into `classes` classes; `labelSmoothing` is the share of a label spread over all classes while training, in [0, 1),
 * default 0. Columns `loss` (not smoothed) and `hit`. @throws {ModelError} for fewer than two classes or another share
 */
export function classificationTask(options: { readonly classes: number; readonly labelSmoothing?: number }): Task {
  const { classes, labelSmoothing = 0 } = options;
  if (!Number.isInteger(classes) || classes < 2) throw new ModelError('classes', 'an integer of at least 2', String(classes));
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) throw new ModelError('labelSmoothing', 'a share in [0, 1)', String(labelSmoothing));
  return {
    name: 'classification',
    target: { dtype: 'int32', shape: [], below: classes },
    columns: ['loss', 'hit'],
    terms: ({ logits, y }) => ({
      loss: crossEntropy(logits, y),
      hit: hits(logits, y),
      objective: smoothedCrossEntropy(logits, y, labelSmoothing),
    }),
    sampled: {
      output: 'logits',
      random: [labelUniform],
      draw: (t) => ({ cotangent: sampledLabelCotangent(t.logits, t[labelUniform.name]) }),
    },
    curvature: softmaxCurvature({ output: 'logits', classes }),
  };
}
