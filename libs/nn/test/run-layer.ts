/** Runs a layer: its parameters, state and random inputs are inputs of a traced graph, which is interpreted in float64. */
import { Expressions, GraphBuilder, evaluate, jvp, vjp, type Graph } from '@geodesic/engine';
import { trace, type InputSpec } from '@geodesic/engine/trace';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import { sizeOf, type Shape, type TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from '../src/index.ts';
import { tensor } from './evaluate-function.ts';

/** How a layer is run. */
export interface LayerRun {
  readonly layer: Layer;
  /** [B, ...] */
  readonly x: TensorData;
  readonly training?: boolean;
  /** [B, T] */
  readonly mask?: TensorData;
  /** Values of parameters, state or `weight` that are not drawn. */
  readonly values?: Readonly<Record<string, TensorData>>;
}

/** Keyed standard normal numbers as a float64 tensor. */
export function normal(name: string, shape: Shape, scale = 1): TensorData {
  const values = new Float64Array(sizeOf(shape));
  fillNormal(deriveKey(7, 'layer test', name), 0, values);
  return tensor(
    shape,
    values.map((value) => scale * value),
  );
}

/** Keyed uniform numbers in (0, 1). */
export function uniform(name: string, shape: Shape): TensorData {
  const values = new Float64Array(sizeOf(shape));
  fillUniform(deriveKey(7, 'layer test', name), 0, values);
  return tensor(shape, values);
}

/** All inputs of a layer's graph: what is given, else keyed draws; variances and gains are positive. */
export function inputsOf({ layer, x, mask, values = {} }: LayerRun): Record<string, TensorData> {
  const rows = x.shape[0];
  const drawn = [
    ...layer.parameters.map(({ name, shape }) => [name, normal(name, shape, 0.5)] as const),
    ...layer.state.map(({ name, shape = [] }) => [name, uniform(name, shape)] as const),
    ...layer.random.map(({ name, width }) => [name, uniform(name, [rows, width])] as const),
    ['weight', tensor([rows], Array<number>(rows).fill(1))] as const,
  ];
  return { ...Object.fromEntries(drawn), x, ...(mask && { mask }), ...values };
}

/** The graph of a layer: outputs `y` and what it reports. Inputs that it does not use are left out. */
export function traceLayer(run: LayerRun): Graph {
  const specs = Object.entries(inputsOf(run)).map(([name, { shape, dtype }]): [string, InputSpec] => [
    name,
    { shape, dtype: dtype === 'float64' ? 'float32' : dtype },
  ]);
  return trace((tensors) => {
    const outputs: Record<string, tf.Tensor> = {};
    const options = { training: run.training ?? false, report: (name: string, sum: tf.Tensor) => (outputs[name] = sum) };
    outputs.y = run.layer.apply(tensors, tensors.x, tensors.mask ? { ...options, mask: tensors.mask } : options);
    return outputs;
  }, Object.fromEntries(specs));
}

/** Outputs of a layer in float64. */
export function runLayer(run: LayerRun): Record<string, TensorData> {
  return interpret(traceLayer(run), inputsOf(run));
}

/** Interprets a graph, feeding it those of the values that it uses. */
export function interpret(graph: Graph, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
}

/** A layer's derivatives on the graph, for the loss L = sum of keyed weights times y and a keyed direction v of every float input. */
interface Derivatives {
  readonly graph: Graph;
  readonly floats: readonly string[];
  readonly at: Readonly<Record<string, TensorData>>;
}

/**
 * Checks, by every float input but masks and random numbers, dL v from the VJP against central differences; and along all of them
 * together dL v from the JVP, and v d2L v (JVP of the VJP) against central differences of dL v.
 */
export function expectDerivatives(run: LayerRun): void {
  const { graph, floats, at } = derivativesOf(run);
  const exact = interpret(graph, at);
  for (const name of floats) {
    try {
      expectClose(exact[`d/${name}`].data, difference({ graph, at, moved: [name], output: 'loss' }), { abs: 1e-6, rel: 1e-6 });
    } catch (error) {
      throw new Error(`gradient by ${name}`, { cause: error });
    }
  }
  const along = floats.reduce((sum, name) => sum + exact[`d/${name}`].data[0], 0);
  expectClose(exact.tangent.data, [along], { abs: 1e-9, rel: 1e-9 });
  expectClose(exact.curvature.data, difference({ graph, at, moved: floats, output: 'tangent' }), { abs: 1e-4, rel: 1e-5 });
}

function derivativesOf(run: LayerRun): Derivatives {
  const traced = traceLayer(run);
  const builder = GraphBuilder.from(traced);
  const x = new Expressions(builder);
  const fixed = new Set(['mask', ...run.layer.random.map(({ name }) => name)]);
  const floats = traced.inputs.filter(({ name, id }) => builder.dtypeOf(id) === 'float32' && !fixed.has(name));
  const drawn = inputsOf(run);
  const values: Record<string, TensorData> = { ...drawn };
  const keyed = (name: string, shape: Shape): number => {
    values[name] = normal(name, shape);
    return builder.input(name, shape, 'float32');
  };
  const sum = (id: number): number => x.sum(id, [...builder.shapeOf(id).keys()]);
  const y = traced.outputs.find(({ name }) => name === 'y')!.id;
  const loss = sum(x.mul(y, keyed('cotangent', builder.shapeOf(y))));
  const seeds = floats.map(({ name, id }) => ({ id, tangent: keyed(`v/${name}`, builder.shapeOf(id)) }));
  const ids = floats.map(({ id }) => id);
  const gradients = vjp(builder, [{ id: loss, cotangent: builder.constant(1) }], ids);
  const products = gradients.map((gradient, i) => sum(x.mul(gradient, seeds[i].tangent)));
  const [tangent, curvature] = jvp(builder, seeds, [loss, products.reduce((total, next) => x.add(total, next))]);
  floats.forEach(({ name }, i) => builder.output(`d/${name}`, products[i]));
  builder.output('loss', loss);
  builder.output('tangent', tangent);
  builder.output('curvature', curvature);
  return { graph: builder.build(), floats: floats.map(({ name }) => name), at: values };
}

/** Central difference of a scalar output when inputs move along their directions. */
function difference(options: Pick<Derivatives, 'graph' | 'at'> & { moved: readonly string[]; output: string }): [number] {
  const { graph, at, moved, output } = options;
  const step = 1e-5;
  const value = (by: number): number => {
    const shifted = moved.map((name) => {
      const { data } = at[`v/${name}`];
      return [name, { ...at[name], data: Float64Array.from(at[name].data, (entry, i) => entry + by * data[i]) }] as const;
    });
    return interpret(graph, { ...at, ...Object.fromEntries(shifted) })[output].data[0];
  };
  return [(value(step) - value(-step)) / (2 * step)];
}
