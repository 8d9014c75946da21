/**
 * S11: what slots cost. One worker computes the gradient of a batch of 1024 in V slots, as a run does (rows filled, every slot's own sums,
 * the tree, packed sums), in turn with the same batch as one slot. Goal: at most 1.15 times the time.
 */
import { buildPrograms, cnnClassifier, mlpClassifier } from '../../libs/nn/dist/index.js';
import { onnxCpuExecutor } from '../../libs/engine/dist/onnx/index.js';
import { deriveKey, fillNormal } from '../../libs/random/dist/index.js';
import { sizeOf } from '../../libs/tensor/dist/index.js';
import { BlockRunner } from '../../apps/worker/dist/block-runner.js';
import { initialParameters } from '../../apps/coordinator/dist/initial-parameters.js';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';

const goal = 1.15;
const seed = 1;
const batch = 1024;
const classes = 10;
const slotCounts = [8, 16];
const profiles = { quick: { rounds: 9, calls: 4 }, full: { rounds: 31, calls: 8 } };
const models = {
  mlp: () => mlpClassifier({ inputs: 784, classes, hidden: [512, 256], activation: 'relu' }),
  cnn: () => cnnClassifier({ imageShape: [28, 28, 1], classes, filters: [16, 32] }),
};

/** Runs the benchmark and prints one line for each model and number of slots. */
export async function run({ profile }) {
  const executor = onnxCpuExecutor({ threads: 1 });
  try {
    for (const [name, make] of Object.entries(models)) await measure({ name, model: make(), executor, profile });
  } finally {
    await executor.close();
  }
}

async function measure({ name, model, executor, profile }) {
  const { rounds, calls } = profiles[profile];
  const data = makeData(model);
  const ways = {};
  for (const slots of [1, ...slotCounts]) ways[slots] = await gradientOf({ model, data, executor, slots });
  const times = Object.fromEntries(Object.keys(ways).map((slots) => [slots, []]));
  for (let round = -1; round < rounds; round++)
    for (const [slots, compute] of Object.entries(ways)) {
      const started = performance.now();
      for (let call = 0; call < calls; call++) await compute();
      if (round >= 0) times[slots].push((performance.now() - started) / calls);
    }
  for (const slots of slotCounts) report({ name, slots, times: times[slots], whole: times[1], profile });
}

/** A function that computes the gradient's sums over the batch in `slots` slots. */
async function gradientOf({ model, data, executor, slots }) {
  const slotSize = batch / slots;
  const { grad } = buildPrograms({ model, slotSize, curvature: new Map() }).phases;
  const runner = await BlockRunner.compile(grad, executor, { slotSize, featureShape: model.featureShape });
  const examples = Array.from({ length: slots }, (_, slot) => Int32Array.from({ length: slotSize }, (_, row) => slot * slotSize + row));
  const shared = { theta: floats(data.theta), state: floats(new Float32Array(0)) };
  const rowsOf = (slot) => ({ split: data.split, examples: examples[slot], firstOrdinal: slot * slotSize, seed, step: 1 });
  const block = { level: Math.log2(slots), index: 0 };
  // The first call also proves the unrolled program against single slots.
  await runner.run(block, rowsOf, shared);
  return () => runner.run(block, rowsOf, shared);
}

function makeData(model) {
  const features = sizeOf(model.featureShape);
  const pixels = new Float32Array(batch * features);
  fillNormal(deriveKey(seed, 'bench.inputs'), 0, pixels);
  const split = {
    size: batch,
    fill(indices, x, y, weight) {
      x.set(pixels.subarray(indices[0] * features, (indices[0] + indices.length) * features));
      for (let row = 0; row < y.length; row++) y[row] = indices[row] % classes;
      weight.fill(1);
    },
  };
  return { split, theta: initialParameters(model.parameters, seed) };
}

function report({ name, slots, times, whole, profile }) {
  const ratio = median(times) / median(whole);
  printResult({
    benchmark: 'S11',
    case: `${name}, ${slots} slots`,
    unit: 'ms',
    ours: significant(median(times)),
    oursRange: range(times).map((time) => significant(time)),
    peer: significant(median(whole)),
    peerName: 'one unslotted graph',
    ratio: significant(ratio),
    ratioRange: range(times.map((time, round) => time / whole[round])).map((each) => significant(each)),
    goal,
    met: ratio <= goal,
    seed,
    batch,
    rounds: times.length,
    threads: 1,
    profile,
  });
}

function floats(data) {
  return { dtype: 'float32', shape: [data.length], data };
}
