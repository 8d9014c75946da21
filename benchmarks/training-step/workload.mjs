/**
 * What all contenders of a training-step case train: the same network, first parameters and batches, made from a seed.
 * A workload is {name, model, batch, learningRate, layout, theta, rows: [{x, y}], rowShapes}; `y` is null where the target is x itself.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialParameters } from '../../apps/coordinator/dist/initial-parameters.js';
import { deriveKey, fillNormal, fillUniform } from '../../libs/random/dist/index.js';
import { makeLayout } from '../../libs/tensor/dist/index.js';
import { nets } from './nets.mjs';

const batches = 8;

/** Makes the workload of a case of `nets`: plain SGD on batches taken in turn. */
export function workloadOf({ name, seed }) {
  const { model, batch, learningRate, features } = nets[name]();
  const key = deriveKey(seed, 'bench.inputs', name);
  const rows = Array.from({ length: batches }, (_, at) => rowsOf({ model, batch, features, key, at }));
  const { target } = model.task;
  return {
    name,
    model,
    batch,
    learningRate,
    layout: makeLayout(model.parameters),
    theta: initialParameters(model.parameters, seed),
    rows,
    rowShapes: { batches, x: [batch, ...model.featureShape], y: target === 'features' ? null : [batch, ...target.shape] },
  };
}

/** Inputs of the kind that the net wants; labels cycle through the classes, as in a benchmark of arithmetic they may. */
function rowsOf({ model, batch, features, key, at }) {
  const { target } = model.task;
  const x = new Float32Array(batch * sizeOf(model.featureShape));
  if (features.kind === 'normal') fillNormal(key, at, x);
  else fillUniform(key, at, x);
  if (features.kind === 'ids') for (let i = 0; i < x.length; i++) x[i] = Math.floor(x[i] * features.below);
  const y = target === 'features' ? null : Int32Array.from({ length: batch * sizeOf(target.shape) }, (_, i) => i % target.below);
  return { x, y };
}

function sizeOf(shape) {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Hands a workload to `use` as the request that opens it in a peer, its arrays in a folder that is taken away afterwards. */
export async function exported({ name, layout, theta, rows, rowShapes, learningRate }, use) {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-bench-'));
  const write = (file, arrays) =>
    writeFileSync(join(folder, file), Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
  const parameters = layout.entries.map(({ name: parameter, shape, offset }) => ({ name: parameter, shape, offset }));
  const column = (of) => rows.map((row) => row[of]);
  try {
    write('theta.f32', [theta]);
    write('x.f32', column('x'));
    if (rowShapes.y) write('y.i32', column('y'));
    return await use({ command: 'open', net: name, folder, parameters, rows: rowShapes, learningRate });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
