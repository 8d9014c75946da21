/**
 * A model written by hand: named parameters, a tfjs function of them, and a loss of each example. The form of a user's module that
 * needs no knowledge of the framework. B rows, K classes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterEntry, RandomInput } from '@geodesic/engine';
import type { ForwardFunction, Model, Tensors } from '@geodesic/nn';
import { sizeOf, type Shape } from '@geodesic/tensor';
import { UserModelError } from '../errors.ts';
import type { UserCode } from '../code/explain.ts';
import { SINGLE_OUTPUT, taskOfFunction } from './function-task.ts';
import { capturedLayers } from '../captured-layers.ts';
import { outputShapes, probeForward } from '../probe.ts';
import { initializerFrom, type WrittenInitializer } from './written-initializer.ts';

/** What a forward function may return: outputs by name, or a single one. */
export type Outputs = tf.Tensor | Readonly<Record<string, tf.Tensor>>;

/** A hand-written model. Parameters stand in the order of their names in `parameters`; let a bias follow its weight. */
export interface FunctionModel {
  readonly parameters: Readonly<Record<string, WrittenParameter>>;
  /** Shape of one example as `forward` wants it, such as [8, 8, 1]; default: as the data has it. */
  readonly inputShape?: Shape;
  /** Random numbers of each example while training, by name: `forward` finds them as [B, ...shape], and undefined in evaluation. */
  readonly random?: Readonly<Record<string, { readonly distribution: RandomInput['distribution']; readonly shape: Shape }>>;
  /** Parameters by name, `x` [B, ...] and random numbers -> outputs. Without a `loss` the output is the logits [B, K]. */
  readonly forward: (tensors: Tensors, mode: { readonly training: boolean }) => Outputs;
  /** Outputs as `forward` returned them, targets y int32 [B], what `forward` was given -> the loss of each example [B]. Default: cross-entropy. */
  readonly loss?: (outputs: Outputs, y: tf.Tensor, tensors: Tensors) => tf.Tensor;
  /** What else is measured of each example, by name: [B] each. */
  readonly metrics?: (outputs: Outputs, y: tf.Tensor) => Readonly<Record<string, tf.Tensor>>;
  /** The distribution that the outputs are parameters of, for K-FAC beside a `loss` of one's own; `softmax`: of the logits. */
  readonly likelihood?: 'softmax';
}

/** A parameter as a person writes it. */
export interface WrittenParameter {
  readonly shape: Shape;
  /** Default `glorot-uniform` for matrices and filters, `zeros` for vectors and scalars. */
  readonly initializer?: WrittenInitializer;
}

/** What is known when a module is loaded. */
export interface FunctionModelOptions {
  readonly featureShape: Shape;
  readonly classes: number;
  readonly labelSmoothing: number;
  /** For messages and places. */
  readonly code: UserCode;
}

/** Names that the graphs of a run give to something else. */
const RESERVED: ReadonlySet<string> = new Set(['x', 'y', 'weight', 'theta', 'state', 'logits', 'loss', 'hit', 'objective']);

/** Checks a hand-written model by tracing it, and wraps it. @throws {UserModelError} naming op, place and remedy */
export function modelOfFunction(written: FunctionModel, options: FunctionModelOptions): Model {
  const { featureShape, code } = options;
  const parameters = Object.entries(written.parameters).map(([name, entry]) => parameterOf(name, entry, code));
  if (parameters.length === 0) throw fault(code, 'parameters', 'at least one', 'none', 'name what is trained, with its shape');
  const random = randomInputs(written, code);
  const visible = visibleTensors(written, featureShape, code);
  const forward: ForwardFunction = (tensors, { training }) =>
    outputsByName(written.forward(visible(tensors, training), { training }), code);
  const probe = { parameters, state: [], random, featureShape, code };
  const graph = probeForward(forward, probe);
  const task = taskOfFunction(written, {
    ...options,
    outputs: outputShapes(graph),
    forward,
    probe,
    visible: (tensors) => visible(tensors, false),
  });
  return { featureShape, parameters, layers: capturedLayers(graph, parameters), state: [], charts: [], random, task, forward };
}

function parameterOf(name: string, { shape, initializer }: WrittenParameter, code: UserCode): ParameterEntry {
  requireFree(name, code);
  const sizes: unknown = shape;
  if (!Array.isArray(sizes) || !sizes.every((size) => Number.isInteger(size) && size > 0))
    throw fault(code, `parameter ${name}`, 'a shape of positive sizes', JSON.stringify(sizes) ?? 'none', 'write shape: [64, 10]');
  return { name, shape, initializer: initializerFrom(initializer, shape, `${code.subject}: parameter ${name}`) };
}

function randomInputs({ random = {} }: FunctionModel, code: UserCode): RandomInput[] {
  return Object.entries(random).map(([name, { distribution, shape }]) => {
    requireFree(name, code);
    return { name: `${distribution}:${name}`, purpose: `model:${name}`, distribution, width: sizeOf(shape) };
  });
}

/** What a user's functions see: parameters under their names, x in their shape, random numbers under theirs. */
function visibleTensors(written: FunctionModel, featureShape: Shape, code: UserCode): (tensors: Tensors, training: boolean) => Tensors {
  const { parameters, random = {}, inputShape = featureShape } = written;
  if (sizeOf(inputShape) !== sizeOf(featureShape))
    throw fault(
      code,
      'inputShape',
      `as many values as an example of the data, [${featureShape.join(',')}]`,
      `[${inputShape.join(',')}]`,
      'change it',
    );
  return (tensors, training) => {
    const rows = tensors.x.shape[0];
    const drawn = training ? Object.entries(random) : [];
    return {
      ...Object.fromEntries(Object.keys(parameters).map((name) => [name, tensors[name]])),
      ...Object.fromEntries(
        drawn.map(([name, { distribution, shape }]) => [name, tf.reshape(tensors[`${distribution}:${name}`], [rows, ...shape])]),
      ),
      x: tf.reshape(tensors.x, [rows, ...inputShape]),
    };
  };
}

function outputsByName(outputs: Outputs, code: UserCode): Record<string, tf.Tensor> {
  if (outputs instanceof tf.Tensor) return { [SINGLE_OUTPUT]: outputs };
  const kind: unknown = outputs;
  if (kind instanceof Promise)
    throw fault(code, 'outputs', 'tensors', 'a promise', 'make the function synchronous: it runs once, to be recorded');
  if (typeof kind !== 'object' || kind === null || Array.isArray(kind))
    throw fault(
      code,
      'outputs',
      'a tensor or a record of tensors',
      Array.isArray(kind) ? 'an array' : String(kind),
      'return { name: tensor }',
    );
  return { ...outputs };
}

function requireFree(name: string, code: UserCode): void {
  if (/^[A-Za-z][\w./-]*$/.test(name) && !RESERVED.has(name)) return;
  const got = RESERVED.has(name) ? 'a name that graphs use for something else' : 'other characters';
  throw fault(code, `name ${JSON.stringify(name)}`, 'a letter, then letters, digits or . _ / -', got, 'choose another name');
}

function fault(code: UserCode, what: string, expected: string, got: string, remedy: string): UserModelError {
  return new UserModelError({ subject: `${code.subject}: ${what}`, expected, got, remedy });
}
