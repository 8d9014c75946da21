/**
 * A trial trace of a user's function on a few rows: what it may not do is found here, before anything is built, and told with the
 * place in the user's file; what it returns is learned from the graph.
 */
import type { Graph } from '@geodesic/engine';
import { trace, type InputSpec } from '@geodesic/engine/trace';
import type { ForwardFunction, Model, TensorFunction } from '@geodesic/nn';
import { sameShape, type Shape } from '@geodesic/tensor';
import { UserModelError } from './errors.ts';
import { explained, type UserCode } from './code/explain.ts';

/** Rows of a trial. */
export const PROBE_ROWS = 5;

/** What a trial needs to know of a model. */
export interface Probe extends Pick<Model, 'featureShape' | 'parameters' | 'state' | 'random'> {
  readonly code: UserCode;
}

/** Shapes of outputs by name, for {@link PROBE_ROWS} rows. */
export type OutputShapes = Readonly<Record<string, Shape>>;

/** Traces a forward function in evaluation and in training; returns the graph of training. @throws {UserModelError} */
export function probeForward(forward: ForwardFunction, probe: Probe): Graph {
  probeFunction((tensors) => forward(tensors, { training: false }), { ...probe, random: [] });
  return probeFunction((tensors) => forward(tensors, { training: true }), probe);
}

/** Traces a function of parameters, state, random numbers, x, y and weight. @throws {UserModelError} */
export function probeFunction(fn: TensorFunction, { parameters, state, random = [], featureShape, code }: Probe): Graph {
  const tables = [...parameters, ...state].map(({ name, shape = [] }) => [name, { shape }] as const);
  const inputs: Record<string, InputSpec> = {
    ...Object.fromEntries(tables),
    ...Object.fromEntries(random.map(({ name, width }) => [name, { shape: [PROBE_ROWS, width] }])),
    x: { shape: [PROBE_ROWS, ...featureShape] },
    y: { shape: [PROBE_ROWS], dtype: 'int32' },
    weight: { shape: [PROBE_ROWS] },
  };
  return explained(code, () => trace(fn, inputs));
}

/** Traces the terms of a task behind a forward pass; returns their names. @throws {UserModelError} for one that is not a number an example */
export function probeTerms(terms: TensorFunction, forward: ForwardFunction, probe: Probe): readonly string[] {
  const fn: TensorFunction = (tensors) => terms({ ...tensors, ...forward(tensors, { training: false }) });
  const shapes = outputShapes(probeFunction(fn, { ...probe, random: [] }));
  for (const [name, shape] of Object.entries(shapes))
    if (!sameShape(shape, [PROBE_ROWS])) throw notPerExample(`${probe.code.subject}: ${name}`, shape);
  return Object.keys(shapes);
}

function notPerExample(subject: string, shape: Shape): UserModelError {
  return new UserModelError({
    subject,
    expected: 'one number for each example, [B]',
    got: shape.length === 0 ? 'one number for the whole batch' : `shape [${shape.join(',')}] for ${PROBE_ROWS} examples`,
    remedy:
      'leave the mean or sum over examples out, such as tf.mean(squares, 1), or tf.Reduction.NONE in tf.losses: ' +
      'workers add sums up, and the run divides by the number of examples',
  });
}

/** Shapes of a trial's outputs. */
export function outputShapes({ nodes, outputs }: Graph): OutputShapes {
  return Object.fromEntries(outputs.map(({ name, id }) => [name, nodes[id].shape]));
}
