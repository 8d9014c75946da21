/**
 * The inputs of a step's graph, and the named tensors that a model's functions see: parameters as pieces of the flat theta,
 * state values as pieces of the state vector. B slot size, P parameters, Q state values.
 */
import { stateLayout, type GraphBuilder, type RandomInput } from '@geodesic/engine';
import { makeLayout, type DType, type Shape } from '@geodesic/tensor';
import type { Model } from './model.ts';

/** Value ids by name. */
export type Bindings = Record<string, number>;

/** Adds theta, state and the rows of a slot; returns the ids that the names of a model's functions stand for. */
export function bindInputs(builder: GraphBuilder, model: Model, slotSize: number): Bindings {
  const layout = makeLayout(model.parameters);
  const bindings: Bindings = {
    theta: builder.input('theta', [layout.size], 'float32'),
    x: builder.input('x', [slotSize, ...model.featureShape], 'float32'),
  };
  const { target } = model.task;
  bindings.y = target === 'features' ? bindings.x : builder.input('y', [slotSize, ...target.shape], target.dtype);
  bindings.weight = builder.input('weight', [slotSize], 'float32');
  for (const { name, shape, offset, size } of layout.entries) {
    const flat = builder.add('Slice', [bindings.theta], { begin: [offset], size: [size] });
    bindings[name] = builder.add('Reshape', [flat], { shape });
  }
  if (model.state.length > 0) {
    const state = stateLayout(model.state);
    bindings.state = builder.input('state', [state.size], 'float32');
    for (const { name, shape, offset, size } of state.entries) {
      const flat = builder.add('Slice', [bindings.state], { begin: [offset], size: [size] });
      bindings[name] = builder.add('Reshape', [flat], { shape });
    }
  }
  return bindings;
}

/** Adds the random inputs [B, width] and binds them by name. */
export function bindRandom(builder: GraphBuilder, random: readonly RandomInput[], slotSize: number, bindings: Bindings): void {
  for (const { name, width } of random) bindings[name] = builder.input(name, [slotSize, width], 'float32');
}

/** Shapes of bound values, as a trace wants them. */
export function shapesOf(builder: GraphBuilder, bindings: Bindings): Record<string, { shape: Shape; dtype: DType }> {
  return Object.fromEntries(
    Object.entries(bindings).map(([name, id]) => [name, { shape: builder.shapeOf(id), dtype: builder.dtypeOf(id) }]),
  );
}
