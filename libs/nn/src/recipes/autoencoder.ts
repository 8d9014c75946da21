/**
 * The recipe `autoencoder`: dense layers with tanh down to a linear code and up again, to logits of a Bernoulli cross-entropy with the
 * features themselves, which lie in [0, 1] (Hinton and Salakhutdinov 2006; the benchmark of Martens 2010).
 */
import { glorotUniform, lecunNormal } from '../initializers.ts';
import { layeredModel } from '../layered-model.ts';
import { activation, type ActivationName } from '../layers/activation.ts';
import { dense } from '../layers/dense.ts';
import { sequential } from '../layers/sequential.ts';
import type { Model } from '../model.ts';
import { bernoulliTask } from '../tasks.ts';

/** Sizes of an autoencoder. */
export interface AutoencoderOptions {
  /** D, e.g. 784. */
  readonly inputs: number;
  /** Widths on the way down, the code last; the way up mirrors them. Default [250, 100, 30]. */
  readonly hidden?: readonly number[];
  /** Of all layers but the code and the logits; default `tanh`. */
  readonly activation?: ActivationName;
  /** First weights: normal with variance 1 / inputs of the layer, or Glorot's uniform; biases are zero. Default `lecun`. */
  readonly initializer?: 'lecun' | 'glorot';
}

/** Builds the model; layers are `encoder1`, ... and `decoder1`, .... */
export function autoencoder(options: AutoencoderOptions): Model {
  const { inputs, hidden = [250, 100, 30] } = options;
  const widths = [inputs, ...hidden];
  const nonlinear = activation(options.activation ?? 'tanh');
  const weightInitializer = options.initializer === 'glorot' ? glorotUniform : lecunNormal;
  const chain = (name: string, sizes: readonly number[]) =>
    sizes.slice(1).flatMap((outputs, i) => {
      const layer = dense({ name: `${name}${i + 1}`, inputs: sizes[i], outputs, weightInitializer });
      // The last layer of each half is linear: the code, and the logits.
      return i === sizes.length - 2 ? [layer] : [layer, nonlinear];
    });
  const net = sequential([...chain('encoder', widths), ...chain('decoder', widths.toReversed())]);
  return layeredModel({ net, featureShape: [inputs], task: bernoulliTask({ shape: [inputs], target: 'features' }), output: 'logits' });
}
