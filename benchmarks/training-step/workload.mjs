/**
 * What all contenders of a training-step case train: the same network, first parameters and batches, made from a seed.
 * Inputs are standard normal, labels cycle through the classes, as in a benchmark of arithmetic they may.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialParameters } from '../../apps/coordinator/dist/initial-parameters.js';
import { mlpClassifier } from '../../libs/nn/dist/index.js';
import { deriveKey, fillNormal } from '../../libs/random/dist/index.js';

/** Makes the workload of an MLP: `sizes` of its layers, inputs first, and plain SGD on batches taken in turn. */
export function mlpWorkload({ sizes, batch, batches, learningRate, seed }) {
  const [inputs, classes] = [sizes[0], sizes.at(-1)];
  const model = mlpClassifier({ inputs, classes, hidden: sizes.slice(1, -1), activation: 'relu' });
  const key = deriveKey(seed, 'bench.inputs');
  const rows = Array.from({ length: batches }, (_, at) => {
    const x = new Float32Array(batch * inputs);
    fillNormal(key, at, x);
    return { x, y: Int32Array.from({ length: batch }, (_, row) => row % classes) };
  });
  return { model, sizes, batch, learningRate, theta: initialParameters(model.parameters, seed), rows };
}

/** Hands a workload to `use` as a folder of raw little-endian arrays, and takes the folder away afterwards. */
export async function exported({ theta, rows }, use) {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-bench-'));
  const write = (name, arrays) =>
    writeFileSync(join(folder, name), Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
  try {
    write('theta.f32', [theta]);
    write(
      'x.f32',
      rows.map(({ x }) => x),
    );
    write(
      'y.i32',
      rows.map(({ y }) => y),
    );
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
