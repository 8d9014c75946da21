/**
 * The task of a hand-written model: cross-entropy of its logits, or a loss of its own. B rows, K classes.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { classificationTask, hits, type ForwardFunction, type Task, type TensorFunction, type Tensors } from '@geodesic/nn';
import { sameShape } from '@geodesic/tensor';
import { UserModelError } from '../errors.ts';
import type { FunctionModel, FunctionModelOptions, Outputs } from './function-model.ts';
import { PROBE_ROWS, probeTerms, type OutputShapes, type Probe } from '../probe.ts';

/** Name of the output of a forward function that returns a single tensor. */
export const SINGLE_OUTPUT = 'logits';

/** What is known of the forward function. */
export interface FunctionTaskOptions extends FunctionModelOptions {
  readonly outputs: OutputShapes;
  readonly forward: ForwardFunction;
  readonly probe: Probe;
  /** What the user's functions see of all tensors. */
  readonly visible: (tensors: Tensors) => Tensors;
}

/** The task. @throws {UserModelError} for outputs that have no loss, and losses that are not one number an example */
export function taskOfFunction(written: FunctionModel, options: FunctionTaskOptions): Task {
  const { classes, labelSmoothing, outputs, forward, probe, code } = options;
  const isScores = sameShape(outputs[SINGLE_OUTPUT] ?? [], [PROBE_ROWS, classes]);
  if (!isScores && (written.loss === undefined || written.likelihood !== undefined)) throw noLogits(options);
  const plain = classificationTask({ classes, labelSmoothing });
  const terms = termsOf(written, { ...options, plain, isScores });
  const subject = `${written.loss ? 'loss' : 'metrics'} of ${code.subject}`;
  const names = probeTerms(terms, forward, { ...probe, code: { ...code, subject } });
  const others = names.filter((name) => !['loss', 'hit', 'objective'].includes(name));
  return {
    name: written.loss ? 'custom' : plain.name,
    target: plain.target,
    columns: ['loss', ...(isScores ? ['hit'] : []), ...others],
    terms,
    ...((!written.loss || written.likelihood === 'softmax') && plain.sampled && { sampled: plain.sampled }),
    // The curvature of a loss that somebody wrote is not known.
    ...(!written.loss && plain.curvature && { curvature: plain.curvature }),
  };
}

function termsOf(
  { loss, metrics }: FunctionModel,
  { outputs, visible, plain, isScores }: FunctionTaskOptions & { readonly plain: Task; readonly isScores: boolean },
): TensorFunction {
  const names = Object.keys(outputs);
  const returned = (tensors: Tensors): Outputs =>
    names.length === 1 && names[0] === SINGLE_OUTPUT
      ? tensors[SINGLE_OUTPUT]
      : Object.fromEntries(names.map((name) => [name, tensors[name]]));
  return (tensors) => {
    const measured: Readonly<Record<string, tf.Tensor>> = metrics?.(returned(tensors), tensors.y) ?? {};
    if (!loss) return { ...plain.terms(tensors), ...measured };
    const value = loss(returned(tensors), tensors.y, visible(tensors));
    return { loss: value, objective: value, ...(isScores && { hit: hits(tensors[SINGLE_OUTPUT], tensors.y) }), ...measured };
  };
}

function noLogits({ outputs, classes, code }: FunctionTaskOptions): UserModelError {
  const got = Object.entries(outputs).map(
    ([name, shape]) =>
      `${name} [B${shape
        .slice(1)
        .map((size) => `,${size}`)
        .join('')}]`,
  );
  return new UserModelError({
    subject: code.subject,
    expected: `logits [B,${classes}], a value for each class of the data`,
    got: got.join(', '),
    remedy: 'return them as a tensor or as { logits }, or write a loss(outputs, y)',
  });
}
