export { autoencoder, type AutoencoderOptions } from './autoencoder.ts';
export { cnnClassifier, type CnnClassifierOptions } from './cnn-classifier.ts';
export { withGreyLevels } from './grey-levels.ts';
export { mlpClassifier, type MlpClassifierOptions } from './mlp-classifier.ts';
export { transformerBlock, type TransformerBlockOptions } from './transformer-block.ts';
export { transformerClassifier, type TransformerClassifierOptions } from './transformer-classifier.ts';
