/**
 * The four networks of S1 and S2 (pytorch_nets.py has the same in PyTorch). `features` says what inputs the net wants: standard normal,
 * uniform in [0, 1), or ids below a number.
 */
import {
  autoencoder,
  cnnClassifier,
  dense,
  embedding,
  layeredModel,
  layerNorm,
  learnedPositions,
  mlpClassifier,
  sequenceTask,
  sequential,
  transformerBlock,
} from '../../libs/nn/dist/index.js';

/** By case: the model, its batch, the kind of its features, and a learning rate that moves the loss without risk. */
export const nets = {
  /** 784-512-256-10, ReLU, softmax cross-entropy. */
  mlp: () => ({
    model: mlpClassifier({ inputs: 784, classes: 10, hidden: [512, 256], activation: 'relu' }),
    batch: 128,
    features: { kind: 'normal' },
    learningRate: 1e-3,
  }),
  /** (3 x 3 convolution, ReLU, 2 x 2 max-pool) with 16 and 32 filters, dense to 10. */
  cnn: () => ({
    model: cnnClassifier({ imageShape: [28, 28, 1], classes: 10, filters: [16, 32] }),
    batch: 64,
    features: { kind: 'normal' },
    learningRate: 1e-3,
  }),
  /** 784-250-100-30 and back, tanh, linear code, Bernoulli cross-entropy of the logits added up over pixels. */
  autoencoder: () => ({
    model: autoencoder({ inputs: 784, hidden: [250, 100, 30] }),
    batch: 256,
    features: { kind: 'uniform' },
    learningRate: 1e-4,
  }),
  /** A causal language model: 2 pre-norm blocks, width 128, 4 heads, hidden 512 (GELU), 64 tokens of 65, cross-entropy added up. */
  transformer: () => ({ model: languageModel(), batch: 16, features: { kind: 'ids', below: 65 }, learningRate: 1e-4 }),
};

function languageModel() {
  const [width, positions, vocabulary] = [128, 64, 65];
  const block = (name) => transformerBlock({ name, width, heads: 4, positions, causal: true });
  const net = sequential([
    embedding({ name: 'embedding', vocabulary, width, positions, weightInitializer: { kind: 'normal', standardDeviation: 0.02 } }),
    learnedPositions({ name: 'embedding', positions, width }),
    block('block1'),
    block('block2'),
    layerNorm({ name: 'norm', channels: width, positions }),
    dense({ name: 'head', inputs: width, outputs: vocabulary, positions }),
  ]);
  return layeredModel({ net, featureShape: [positions], task: sequenceTask({ classes: vocabulary, positions }), output: 'logits' });
}
