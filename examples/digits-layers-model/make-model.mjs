/**
 * Makes the convolutional net of this example and writes it as any tfjs program would save it: model.json beside weights.bin.
 *
 *   node examples/digits-layers-model/make-model.mjs
 */
import { writeFile } from 'node:fs/promises';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';

const { conv2d, dense, flatten, maxPooling2d } = tfl.layers;
const seeded = (seed) => tfl.initializers.heNormal({ seed });

const model = tfl.sequential({
  name: 'digits',
  layers: [
    conv2d({
      name: 'conv1',
      inputShape: [8, 8, 1],
      filters: 8,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: seeded(1),
    }),
    maxPooling2d({ name: 'pool', poolSize: 2 }),
    conv2d({ name: 'conv2', filters: 16, kernelSize: 3, activation: 'relu', kernelInitializer: seeded(2) }),
    flatten({ name: 'flatten' }),
    dense({ name: 'head', units: 10, activation: 'softmax', kernelInitializer: seeded(3) }),
  ],
});

await model.save({
  async save({ modelTopology, format, generatedBy, weightSpecs, weightData }) {
    const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
    const json = JSON.stringify({ modelTopology, format, generatedBy, weightsManifest });
    await writeFile(new URL('weights.bin', import.meta.url), new Uint8Array(weightData));
    await writeFile(new URL('model.json', import.meta.url), `${json}\n`);
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  },
});
