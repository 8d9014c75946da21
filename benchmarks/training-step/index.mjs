/**
 * S1: samples per second of one training step on one core, as one graph and as a run trains it, in turn with PyTorch.
 * The MLP 784-512-256-10 with ReLU, batch 128, plain SGD. Goal: as fast as PyTorch. Before anything is timed, all contenders take the
 * same steps and their losses are compared.
 */
import { onnxCpuExecutor } from '../../libs/engine/dist/onnx/index.js';
import { findPyTorch, startPyTorch } from '../shared/pytorch.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { asTrained, oneGraph, pytorch } from './contenders.mjs';
import { exported, mlpWorkload } from './workload.mjs';

const seed = 1;
const goal = 1;
const slots = 2;
const batch = 128;
const profiles = { quick: { rounds: 7, seconds: 1.5 }, full: { rounds: 25, seconds: 3 } };
/** The first steps, and how far float32 sums in another order may move their losses. */
const comparison = { steps: 20, tolerance: 1e-4 };

/** Runs the benchmark and prints one line for each case. */
export async function run({ profile, python }) {
  const workload = mlpWorkload({ sizes: [784, 512, 256, 10], batch, batches: 8, learningRate: 1e-3, seed });
  const found = findPyTorch({ python });
  const executor = onnxCpuExecutor({ threads: 1 });
  const ours = { graph: await oneGraph(workload, executor), trained: await asTrained(workload, executor, { slots }) };
  try {
    if (found.reason) return report(await takeTurns(ours, profiles[profile]), { found, profile });
    const peer = startPyTorch({ python: found.python, threads: 1 });
    try {
      await exported(workload, async (folder) => {
        const contenders = { ...ours, peer: await pytorch(workload, peer, folder) };
        const agreement = await compareLosses(contenders);
        report(await takeTurns(contenders, profiles[profile]), { found, profile, agreement });
      });
    } finally {
      await peer.close();
    }
  } finally {
    await executor.close();
  }
}

/** The largest relative difference between a contender's loss and the first one's, over the first steps. */
async function compareLosses(contenders) {
  const losses = {};
  for (const [name, { losses: take }] of Object.entries(contenders)) losses[name] = await take(comparison.steps);
  let worst = 0;
  for (const [name, values] of Object.entries(losses))
    values.forEach((value, step) => {
      const difference = Math.abs(value / losses.graph[step] - 1);
      if (!(difference <= comparison.tolerance))
        throw new Error(
          `S1: step ${step + 1}: expected the loss ${losses.graph[step]} within ${comparison.tolerance}, got ${value} (${name})`,
        );
      worst = Math.max(worst, difference);
    });
  return { steps: comparison.steps, largestRelativeLossDifference: significant(worst, 2), lastLoss: significant(losses.graph.at(-1)) };
}

/** Samples per second of each contender in each round; a first round only warms up. */
async function takeTurns(contenders, { rounds, seconds }) {
  const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const [name, contender] of Object.entries(contenders)) {
      const { steps, seconds: spent } = await contender.window(seconds);
      if (round >= 0) rates[name].push((steps * batch) / spent);
    }
  return rates;
}

function report({ graph, trained, peer }, { found, profile, agreement }) {
  const column = (rates) => ({
    ours: Math.round(median(rates)),
    oursRange: range(rates).map(Math.round),
    ratio: peer ? significant(median(rates) / median(peer)) : null,
    ...(peer && { ratioRange: range(rates.map((rate, round) => rate / peer[round])).map((ratio) => significant(ratio)) }),
  });
  printResult({
    benchmark: 'S1',
    case: 'mlp',
    unit: 'samples/s',
    ...column(graph),
    peer: peer ? Math.round(median(peer)) : null,
    peerName: found.version ? `pytorch ${found.version}` : null,
    goal,
    seed,
    ...(peer && { peerRange: range(peer).map(Math.round) }),
    ...(found.reason && { reason: found.reason }),
    eagerTfjs: null,
    eagerTfjsReason: 'the WASM backend of TensorFlow.js is not a dependency of this project',
    asTrained: { slots, ...column(trained) },
    rounds: graph.length,
    threads: 1,
    profile,
    ...agreement,
  });
}
