/**
 * PyTorch's Adam and SGD on B1, from our first parameters and our images, in a process of their own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundle } from '../../apps/cli/dist/build-bundle.js';
import { defaultGroups } from '../../apps/cli/dist/recipes.js';
import { openTrainer } from '../../apps/coordinator/dist/trainer.js';
import { openDataset } from '../../libs/data/dist/index.js';
import { entryOf } from '../../libs/tensor/dist/index.js';
import { parseRunSpec } from '../../libs/run-spec/dist/index.js';
import { findPyTorch, startPyTorch } from '../shared/pytorch.mjs';
import { l2, specOf, targets } from './task.mjs';

const program = fileURLToPath(new URL('pytorch_curves.py', import.meta.url));
/** The layers whose outputs go through no tanh: the code and the logits. */
const linear = new Set(['encoder4', 'decoder4']);

/**
 * Opens PyTorch on one thread, if a Python has it.
 * @returns {Promise<{version: string, train: (seed: number, asked: object) => Promise<object>, close: () => Promise<void>} | {reason: string}>}
 */
export async function openPyTorchCurves({ python }) {
  const found = findPyTorch({ python });
  if ('reason' in found) return found;
  const peer = startPyTorch({ python: found.python, threads: 1, program });
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-curves-'));
  return {
    version: found.version,
    async train(seed, asked) {
      const layers = write(folder, seed);
      await peer.ask({ command: 'open', folder, layers, l2, targets });
      return peer.ask({ command: 'train', ...asked });
    },
    async close() {
      await peer.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Writes a seed's first parameters and the images; returns where the layers are in theta. */
function write(folder, seed) {
  const optimizer = { groups: [{ name: 'all', match: ['**'], method: 'sgd' }] };
  const spec = parseRunSpec(JSON.stringify(specOf({ optimizer, seed, steps: 1 })), { format: 'json', overrides: [], defaultGroups });
  const { parameters, layout } = openTrainer(buildBundle(spec).bundle);
  const dataset = openDataset(spec.data);
  const images = dataset.split('train');
  const x = new Float32Array(images.size * dataset.featureShape[0]);
  images.fill(
    Int32Array.from({ length: images.size }, (_, i) => i),
    x,
    new Int32Array(images.size),
    new Float32Array(images.size),
  );
  writeFileSync(join(folder, 'theta.f32'), parameters);
  writeFileSync(join(folder, 'x.f32'), x);
  const names = ['encoder', 'decoder'].flatMap((half) => [1, 2, 3, 4].map((k) => half + k));
  return names.map((name) => {
    const { offset, shape } = entryOf(layout, `${name}.weight`);
    return { offset, inputs: shape[0], outputs: shape[1], linear: linear.has(name) };
  });
}
