/**
 * Identities of pools: what can be done on the pooled values, of which there are fewer, is done there.
 */
import { madeBy, type Rule } from './splat.ts';

/** MaxPool(relu(x)) = relu(MaxPool(x)): relu is monotone, and windows whose maximum it clips have no gradient either way. */
const reluBehindPool: Rule = (builder, { inputs: [input], attributes }) => {
  const relu = madeBy(builder, input, 'Relu');
  return relu && builder.add('Relu', [builder.add('MaxPool', relu.inputs, attributes)]);
};

/** Sums over all pixels of what was put at the maxima of windows are sums over the windows. */
const sumOfPut: Rule = (builder, { inputs: [input], attributes }) => {
  const put = madeBy(builder, input, 'MaxPoolPut');
  const axes = attributes.axes as readonly number[];
  return put && axes.includes(1) && axes.includes(2) ? builder.add('Sum', [put.inputs[1]], attributes) : undefined;
};

/** Identities by kernel. */
export const windowRules: Readonly<Record<string, Rule>> = { MaxPool: reluBehindPool, Sum: sumOfPut };
