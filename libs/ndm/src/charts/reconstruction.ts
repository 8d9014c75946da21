/**
 * The monitor of a chart's inverse: |phi^-1(phi(x)) - x|_inf of each example, as a column beside the loss. By construction it is zero; in
 * a number format it grows with the condition of the Jacobian, and a chart is one as long as it stays small (1e-4 in float32).
 */
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '@geodesic/engine/trace';
import { ModelError, type Task, type Tensors } from '@geodesic/nn';
import type { ChartMap } from './chart-map.ts';

/** Name of the column. */
export const reconstructionColumn = 'reconstruction';

/** What is monitored: a map and the forward outputs that hold its argument and its value. */
export interface MonitoredMap {
  readonly map: Pick<ChartMap, 'inverse'>;
  /** Name of x, e.g. `chart0`. */
  readonly from: string;
  /** Name of phi(x), e.g. `chart4`. */
  readonly to: string;
}

/** max_i |phi^-1(y)_i - x_i| of each row, [B], for y = phi(x); a constant to differentiation. */
export function reconstructionError(
  map: Pick<ChartMap, 'inverse'>,
  t: Tensors,
  pair: { readonly x: tf.Tensor; readonly y: tf.Tensor },
): tf.Tensor {
  const back = map.inverse(t, pair.y).value;
  return stopGradient(tf.max(tf.abs(tf.sub(back, pair.x)), 1));
}

/**
 * A task with one more column, `reconstruction`: the mean over examples of the largest error of a coordinate is reported wherever the
 * task's columns are, in evaluations and with the loss of every step. It takes one inverse pass and no gradient.
 * @throws {ModelError} when the task has such a column already; while tracing, when the forward pass lacks one of the outputs
 */
export function monitorReconstruction(task: Task, { map, from, to }: MonitoredMap): Task {
  if (task.columns.includes(reconstructionColumn)) throw new ModelError(task.name, `no column '${reconstructionColumn}' yet`, 'one');
  return {
    ...task,
    columns: [...task.columns, reconstructionColumn],
    terms: (t) => {
      const [x, y] = [from, to].map((name) => requireOutput(t, name));
      return { ...task.terms(t), [reconstructionColumn]: reconstructionError(map, t, { x, y }) };
    },
  };
}

function requireOutput(t: Tensors, name: string): tf.Tensor {
  const output = t[name] as tf.Tensor | undefined;
  if (output) return output;
  throw new ModelError('monitorReconstruction', `a forward output '${name}'`, 'none of this name');
}
