/**
 * Between vectors of theta's length [P] and values of a parameter's shape. Frozen parameters have no part: zeros in what is collected,
 * and what is broadcast for them is not read.
 */
import type { TangentSeed } from '@geodesic/engine';
import type { LayerEntry } from '@geodesic/engine';
import { makeLayout } from '@geodesic/tensor';
import type { Model } from '../model.ts';
import type { StepGraph } from '../step-graph.ts';
import type { ProgramOptions } from './program-options.ts';

/** Names of the parameters that move, in layout order. */
export function movingParameters({ model, frozen }: Pick<ProgramOptions, 'model' | 'frozen'>): string[] {
  return model.parameters.flatMap(({ name }) => (frozen?.has(name) ? [] : [name]));
}

/** One vector [P] from values of the moving parameters, in their order. */
export function collectParameters(step: StepGraph, options: ProgramOptions, found: readonly number[]): number {
  const rest = [...found];
  const zeros = (id: number): number => step.builder.add('BroadcastTo', [step.builder.constant(0)], { shape: step.builder.shapeOf(id) });
  return step.concatenate(
    options.model.parameters.map(({ name }) => (options.frozen?.has(name) ? zeros(step.bindings[name]) : rest.shift()!)),
  );
}

/** The parts of a vector [P] at these parameters, as tangents of them. */
export function tangentsAt(
  step: StepGraph,
  model: Model,
  { vector, names }: { readonly vector: number; readonly names: readonly string[] },
): TangentSeed[] {
  const entries = new Map(makeLayout(model.parameters).entries.map((entry) => [entry.name, entry]));
  return names.map((name) => {
    const { offset, size, shape } = entries.get(name)!;
    const part = step.builder.add('Slice', [vector], { begin: [offset], size: [size] });
    return { id: step.bindings[name], tangent: step.builder.add('Reshape', [part], { shape }) };
  });
}

/** A layer's weight and, where it has one, its bias: the next parameter. */
export function layerParameters({ parameters }: Model, { weight, bias }: Pick<LayerEntry, 'weight' | 'bias'>): string[] {
  const at = parameters.findIndex(({ name }) => name === weight);
  return parameters.slice(at, at + (bias ? 2 : 1)).map(({ name }) => name);
}
