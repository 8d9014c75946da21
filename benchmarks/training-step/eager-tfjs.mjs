/**
 * The eager TensorFlow.js side of S1: the protocol of pytorch_peer.py, for the MLP, on the WASM backend with SIMD and one thread. A process
 * of its own, so that its engine is not the one that traces our graphs.
 */
import { readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { contender } from '../shared/contender.mjs';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs-core');
const { setThreadsCount } = require('@tensorflow/tfjs-backend-wasm');

// The bundle for Node registers no gradients. Their modules do, in the registry that all copies of tfjs share.
register('./extensionless-imports.mjs', import.meta.url);
await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');
setThreadsCount(1);
await tf.setBackend('wasm');

const layers = ['dense1', 'dense2', 'head'];
let steps;
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...request } = JSON.parse(line);
  if (command === 'open') steps = contender(await mlp(request));
  const answer =
    command === 'open'
      ? { version: tf.version_core, backend: tf.getBackend(), simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT') }
      : command === 'train'
        ? { losses: await steps.losses(request.steps) }
        : await steps.window(request.seconds);
  console.log(JSON.stringify(answer));
}

/** Variables by layer, and the optimiser's step on the batches in turn, as a user of tfjs writes it. */
async function mlp({ folder, parameters, rows, learningRate }) {
  const floats = (name) => new Float32Array(bytes(folder, name));
  const theta = floats('theta.f32');
  const first = new Map(
    parameters.map(({ name, shape, offset }) => [name, tf.tensor(theta.slice(offset, offset + tf.util.sizeFromShape(shape)), shape)]),
  );
  const variables = new Map([...first].map(([name, value]) => [name, tf.variable(value)]));
  const x = tf.unstack(tf.tensor(floats('x.f32'), [rows.batches, ...rows.x]));
  const y = tf.unstack(tf.tensor(new Int32Array(bytes(folder, 'y.i32')), [rows.batches, ...rows.y], 'int32'));
  const optimizer = tf.train.sgd(learningRate);
  const logits = (inputs) =>
    layers.reduce((h, name) => {
      const z = tf.add(tf.matMul(h, variables.get(`${name}.weight`)), variables.get(`${name}.bias`));
      return name === 'head' ? z : tf.relu(z);
    }, inputs);
  return () => {
    for (const [name, variable] of variables) variable.assign(first.get(name));
    return (step) =>
      tf.tidy(() => {
        const at = step % rows.batches;
        const labels = tf.oneHot(y[at], 10);
        return optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, logits(x[at])), true).dataSync()[0];
      });
  };
}

function bytes(folder, name) {
  return Uint8Array.from(readFileSync(join(folder, name))).buffer;
}
