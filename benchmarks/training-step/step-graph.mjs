/**
 * One training step as one graph: forward, backward and the SGD update, parameters in, parameters out.
 *
 * Parameters are separate inputs and outputs of their own shapes, so that the update W - r G meets the product G = x^T g that it
 * subtracts and the engine may fuse the two. `r` = learning rate / batch is a constant of the graph; the loss that leaves is the mean.
 */
import { GraphBuilder, spliceGraph, vjp } from '../../libs/engine/dist/index.js';
import { trace } from '../../libs/engine/dist/trace/index.js';
import { crossEntropy } from '../../libs/nn/dist/index.js';

/** Builds the graph: inputs `x`, `y` and every parameter by its name; outputs `loss` [] and every parameter by its name. */
export function sgdStepGraph(model, { batch, learningRate }) {
  const builder = new GraphBuilder();
  const inputs = {
    ...Object.fromEntries(model.parameters.map(({ name, shape }) => [name, { shape }])),
    x: { shape: [batch, ...model.featureShape] },
    y: { shape: [batch], dtype: 'int32' },
  };
  const bindings = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, builder.input(name, shape, dtype ?? 'float32')]),
  );
  const objective = trace((tensors) => ({ loss: crossEntropy(model.forward(tensors, { training: true }).logits, tensors.y) }), inputs);
  const { loss } = spliceGraph(builder, objective, bindings).outputs;
  const total = builder.add('Sum', [loss], { axes: [0], keepDims: false });
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
