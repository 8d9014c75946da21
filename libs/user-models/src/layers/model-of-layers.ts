/**
 * From a tf.LayersModel to the framework's Model: trained weights become parameters, frozen ones constants, layers that draw
 * random numbers get random inputs, regularisers join the training loss. B rows of a slot.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import type { RandomInput } from '@geodesic/engine';
import type { ForwardFunction, ForwardMode, Model, Task, Tensors } from '@geodesic/nn';
import { sameShape, sizeOf, type Shape } from '@geodesic/tensor';
import { capturedLayers } from '../captured-layers.ts';
import type { UserCode } from '../code/explain.ts';
import { UserModelError } from '../errors.ts';
import { probeForward, probeFunction, probeTerms } from '../probe.ts';
import { firstValues, numbersOf } from './first-values.ts';
import { endsInSoftmax, layersFunction, outputActivation, type LayersFunction } from './layers-function.ts';
import { collectDraws, drawsFrom, type Draw } from './noise.ts';
import { normsOf } from './norms.ts';
import { steadyNames, weightsOf, type Weight } from './weights.ts';

/** What a model is wrapped with. */
export interface LayersModelOptions {
  readonly model: LayersModel;
  /** The same model built again; see first-values.ts. */
  readonly again: LayersModel;
  /** Shape of one example of the data; reshaped where the model wants another one of the same size. */
  readonly featureShape: Shape;
  /** Reads the forward output `output`. */
  readonly task: Task;
  /** Name of the forward output, such as `logits`. */
  readonly output: string;
  /** For messages and places. */
  readonly code: UserCode;
}

/** A model of tfjs-layers as the framework sees it. */
export interface WrappedLayersModel {
  readonly model: Model;
  /** The weights of the tfjs model under the names that the run gives them; see `exportLayersModel`. */
  readonly weights: readonly Weight[];
}

/** Wraps a model. @throws {UserModelError} naming the layer or weight that cannot be trained */
export function wrapLayersModel(options: LayersModelOptions): WrappedLayersModel {
  const { model, again, featureShape, task, output, code } = options;
  const twins = weightsOf(again);
  const weights = steadyNames(weightsOf(model), twins);
  const logits = output === 'logits' && endsInSoftmax(model);
  requireTrained(model, weights);
  if (output === 'logits') requireLogits(model, task);
  if (task.target === 'features') requireSizeOf(model, featureShape);
  const fn = layersFunction(model, { logits });
  const norms = normsOf(weights);
  const inputShape = inputShapeOf(model, featureShape);
  const readFrom = reader(weights);
  const run = (tensors: Tensors, draw: Draw, mode: ForwardMode): Record<string, tf.Tensor> => {
    const read = readFrom(tensors);
    const sums: Record<string, tf.Tensor> = {};
    // Kept: the model tidies up what it does not return.
    const report = (name: string, sum: tf.Tensor): void => void (sums[`sum:${name}`] = tf.keep(sum));
    const overrides = norms.overrides({ tensors, read, mode, report });
    const x = tf.reshape(tensors.x, [tensors.x.shape[0], ...inputShape]);
    const value = fn.call(x, { read, draw, training: mode.training, overrides });
    // A reconstruction is compared with the example as the data has it.
    return { [output]: task.target === 'features' ? tf.reshape(value, tensors.x.shape) : value, ...sums };
  };
  const tables = {
    featureShape,
    parameters: weights.flatMap((weight, i) =>
      weight.use === 'trained' ? [{ name: weight.name, shape: shapeOf(weight), initializer: firstValues(weight, twins[i]) }] : [],
    ),
    state: norms.state,
  };
  const random: RandomInput[] = [];
  probeFunction(
    (tensors) => {
      random.length = 0;
      return run(tensors, collectDraws(random), { training: true });
    },
    { ...tables, code },
  );
  const forward: ForwardFunction = (tensors, mode) => run(tensors, drawsFrom(tensors), mode);
  if (task.target !== 'features') probeTerms(task.terms, forward, { ...tables, code: { ...code, subject: `loss of ${code.subject}` } });
  const layers = capturedLayers(probeForward(forward, { ...tables, random, code }), tables.parameters);
  const coupling = norms.state.length > 0 && ({ coupling: 'moments' } as const);
  return { weights, model: { ...tables, layers, charts: [], random, ...coupling, task: withPenalty(task, fn, readFrom), forward } };
}

/** Variables as tensors: trained ones from the run, frozen ones as constants made before any trace. */
function reader(weights: readonly Weight[]): (tensors: Tensors) => (variable: LayerVariable) => tf.Tensor {
  const constants = new Map(weights.filter(({ use }) => use === 'frozen').map((weight) => [weight.variable, constantOf(weight)]));
  const names = new Map(weights.map(({ variable, name }) => [variable, name]));
  return (tensors) => (variable) => constants.get(variable) ?? tensors[names.get(variable)!];
}

/** The task with the model's regularisers in its training loss: the same addend for every example, so that the mean has it once. */
function withPenalty(task: Task, fn: LayersFunction, readFrom: (tensors: Tensors) => (variable: LayerVariable) => tf.Tensor): Task {
  return {
    ...task,
    terms: (tensors) => {
      const terms = task.terms(tensors);
      const penalty = fn.penalty(readFrom(tensors));
      return penalty ? { ...terms, objective: tf.add(terms.objective, penalty) } : terms;
    },
  };
}

function inputShapeOf({ inputs, name }: LayersModel, featureShape: Shape): Shape {
  const wanted = inputs[0].shape.slice(1);
  const shape = wanted.includes(null) && wanted.length === featureShape.length ? featureShape : (wanted as number[]);
  if (sameShape(shape, featureShape) || (!wanted.includes(null) && sizeOf(shape) === sizeOf(featureShape))) return shape;
  throw new UserModelError({
    subject: `input of ${name}`,
    expected: `a shape of as many values as an example of the data, [${featureShape.join(',')}]`,
    got: `[${wanted.join(',')}]`,
    remedy: 'change inputShape of the first layer; examples are reshaped where the sizes agree',
  });
}

function requireLogits(model: LayersModel, task: Task): void {
  const activation = outputActivation(model);
  if (!endsInSoftmax(model) && activation !== 'linear')
    throw new UserModelError({
      subject: `output of ${model.name}`,
      expected: 'a softmax over the classes, or logits without an activation',
      got: activation,
      remedy: 'change the activation of the last layer',
    });
  const shape = model.outputs[0].shape.slice(1);
  const classes = task.target === 'features' ? undefined : task.target.below;
  if (classes === undefined || (shape.length === 1 && shape[0] === classes)) return;
  throw new UserModelError({
    subject: `output of ${model.name}`,
    expected: `shape [${classes}], a value for each class of the data`,
    got: `[${shape.join(',')}]`,
    remedy: 'change the units of the last layer',
  });
}

function requireSizeOf({ outputs, name }: LayersModel, featureShape: Shape): void {
  const shape = outputs[0].shape.slice(1);
  if (!shape.includes(null) && sizeOf(shape as number[]) === sizeOf(featureShape)) return;
  throw new UserModelError({
    subject: `output of ${name}`,
    expected: `as many values as an example of the data, [${featureShape.join(',')}], to reconstruct it`,
    got: `[${shape.join(',')}]`,
    remedy: 'change the last layer, or task: classification',
  });
}

function requireTrained({ name }: LayersModel, weights: readonly Weight[]): void {
  if (weights.some(({ use }) => use === 'trained')) return;
  throw new UserModelError({ subject: name, expected: 'a weight to train', got: 'none', remedy: 'set trainable = true on a layer' });
}

function constantOf(weight: Weight): tf.Tensor {
  return tf.tensor(numbersOf(weight), [...shapeOf(weight)]);
}

function shapeOf({ variable }: Weight): Shape {
  return variable.shape as number[];
}
