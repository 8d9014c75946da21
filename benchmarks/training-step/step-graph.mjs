/**
 * One training step as one graph: forward, backward and the SGD update, parameters in, parameters out.
 *
 * Parameters are separate inputs and outputs of their own shapes, so that the update W - r G meets the product G = x^T g that it
 * subtracts and the engine may fuse the two. `r` = learning rate / batch is a constant of the graph; the loss that leaves is the mean.
 */
import { GraphBuilder, spliceGraph, vjp } from '../../libs/engine/dist/index.js';
import { trace } from '../../libs/engine/dist/trace/index.js';

/** Builds the graph: inputs `x`, `y` (unless x is the target) and every parameter; outputs `loss` [] and every parameter by its name. */
export function sgdStepGraph(model, { batch, learningRate }) {
  const builder = new GraphBuilder();
  const { target, terms } = model.task;
  const inputs = {
    ...Object.fromEntries(model.parameters.map(({ name, shape }) => [name, { shape }])),
    x: { shape: [batch, ...model.featureShape] },
    ...(target !== 'features' && { y: { shape: [batch, ...target.shape], dtype: target.dtype } }),
  };
  const bindings = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, builder.input(name, shape, dtype ?? 'float32')]),
  );
  const objectiveOf = (tensors) => {
    const outputs = model.forward(tensors, { training: true });
    return { objective: terms({ y: tensors.x, ...tensors, ...outputs }).objective };
  };
  const { objective } = spliceGraph(builder, trace(objectiveOf, inputs), bindings).outputs;
  const total = builder.add('Sum', [objective], { axes: [0], keepDims: false });
  const names = model.parameters.map(({ name }) => name);
  const gradients = vjp(
    builder,
    [{ id: total, cotangent: builder.constant(1) }],
    names.map((name) => bindings[name]),
  );
  builder.output('loss', builder.add('Multiply', [total, builder.constant(1 / batch)]));
  const rate = builder.constant(-learningRate / batch);
  names.forEach((name, i) => {
    builder.output(name, builder.add('Add', [bindings[name], builder.add('Multiply', [gradients[i], rate])]));
  });
  return builder.build();
}
