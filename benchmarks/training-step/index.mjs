/**
 * S1: samples per second of one training step on one core, as one graph and as a run trains it, in turn with PyTorch, and on the MLP with
 * eager TensorFlow.js. Four networks (nets.mjs), plain SGD. Before anything is timed, all contenders take the same steps and their losses
 * are compared. PyTorch is launched several times: its speed is a matter of the launch by up to 20 %.
 */
import { onnxCpuExecutor } from '../../libs/engine/dist/onnx/index.js';
import { findPyTorch } from '../shared/pytorch.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { asTrained, eagerTfjs, oneGraph, pytorch } from './contenders.mjs';
import { nets } from './nets.mjs';
import { exported, workloadOf } from './workload.mjs';

const seed = 1;
const goals = { pytorch: 1, eagerTfjs: 20 };
const slots = 2;
/** Rounds are those of one launch; in each, everyone computes for so many seconds. */
const profiles = { quick: { launches: 3, rounds: 3, seconds: 0.7 }, full: { launches: 7, rounds: 5, seconds: 1.5 } };
/** The first steps, and how far float32 sums in another order may move their losses. */
const comparison = { steps: 20, tolerance: 1e-4 };

/** Runs the benchmark and prints one line for each network. */
export async function run({ profile, python }) {
  const found = findPyTorch({ python });
  for (const name of Object.keys(nets)) {
    const workload = workloadOf({ name, seed });
    const executor = onnxCpuExecutor({ threads: 1 });
    try {
      const measured = await exported(workload, (request) => measure({ workload, executor, request, found, profile }));
      report({ workload, found, profile, ...measured });
    } finally {
      await executor.close();
    }
  }
}

/** Rates of everyone in all rounds, what the launches of PyTorch answered, and how far the losses agree. */
async function measure({ workload, executor, request, found, profile }) {
  const tfjs = workload.name === 'mlp' ? await eagerTfjs(request) : undefined;
  const here = {
    graph: await oneGraph(workload, executor),
    trained: await asTrained(workload, executor, { slots }),
    ...(tfjs && { tfjs }),
  };
  const rates = {};
  const launches = [];
  const differences = [];
  try {
    const losses = await lossesOf(here);
    for (let launch = 0; launch < profiles[profile].launches; launch++) {
      const peer = found.reason ? undefined : await pytorch(found.python, request);
      try {
        differences.push(largestDifference({ ...losses, ...(peer && (await lossesOf({ peer }))) }));
        await takeTurns({ ...here, ...(peer && { peer }) }, { ...profiles[profile], batch: workload.batch, rates });
        if (peer) launches.push(peer.answer);
      } finally {
        await peer?.close();
      }
    }
    const agreement = { steps: comparison.steps, largestRelativeLossDifference: significant(Math.max(...differences), 2) };
    return { rates, launches, agreement: { ...agreement, lastLoss: significant(losses.graph.at(-1)) }, tfjs: tfjs?.answer };
  } finally {
    await tfjs?.close();
  }
}

async function lossesOf(contenders) {
  const losses = {};
  for (const [name, { losses: take }] of Object.entries(contenders)) losses[name] = await take(comparison.steps);
  return losses;
}

/** The largest relative difference between a contender's loss and the graph's. @throws {Error} when they train different things */
function largestDifference(losses) {
  let worst = 0;
  for (const [name, values] of Object.entries(losses))
    values.forEach((value, step) => {
      const difference = Math.abs(value / losses.graph[step] - 1);
      if (!(difference <= comparison.tolerance)) {
        const expected = `the loss ${losses.graph[step]} within ${comparison.tolerance}`;
        throw new Error(`S1: step ${step + 1}: expected ${expected}, got ${value} (${name})`);
      }
      worst = Math.max(worst, difference);
    });
  return worst;
}

/** Adds the samples per second of each contender in each round to `rates`; a first round only warms up. */
async function takeTurns(contenders, { rounds, seconds, batch, rates }) {
  for (let round = -1; round < rounds; round++)
    for (const [name, contender] of Object.entries(contenders)) {
      const { steps, seconds: spent } = await contender.window(round < 0 ? seconds / 3 : seconds);
      if (round >= 0) (rates[name] ??= []).push((steps * batch) / spent);
    }
}

function report({ workload, found, profile, rates, launches, agreement, tfjs }) {
  const { graph, trained, peer } = rates;
  const column = (own) => ({
    ours: Math.round(median(own)),
    oursRange: range(own).map(Math.round),
    ...ratioTo(own, peer),
  });
  printResult({
    benchmark: 'S1',
    case: workload.name,
    unit: 'samples/s',
    ...column(graph),
    peer: peer ? Math.round(median(peer)) : null,
    peerName: found.version ? `pytorch ${found.version}` : null,
    goal: goals.pytorch,
    seed,
    ...(peer && { peerRange: range(peer).map(Math.round), peerLaunches: launches.map(({ variant }) => variant), sweep: sweepOf(launches) }),
    ...(found.reason && { reason: found.reason }),
    asTrained: { slots, ...column(trained) },
    ...(tfjs && { eagerTfjs: againstTfjs(rates, tfjs) }),
    batch: workload.batch,
    parameters: workload.layout.size,
    rounds: graph.length,
    threads: 1,
    profile,
    ...agreement,
  });
}

/** The ratio of medians to a peer, and the range of the ratios round by round. */
function ratioTo(own, peer) {
  if (!peer) return { ratio: null };
  const ratios = own.map((rate, round) => rate / peer[round]);
  return { ratio: significant(median(own) / median(peer), 3), ratioRange: range(ratios).map((ratio) => significant(ratio, 3)) };
}

/** Milliseconds of a step of each variant of the peer, the median over its launches. */
function sweepOf(launches) {
  const variants = Object.keys(launches[0].sweep);
  return Object.fromEntries(variants.map((name) => [name, significant(median(launches.map(({ sweep }) => sweep[name])), 3)]));
}

function againstTfjs({ graph, trained, tfjs }, { version, simd }) {
  const { ratio, ratioRange } = ratioTo(graph, tfjs);
  return {
    samplesPerSecond: Math.round(median(tfjs)),
    range: range(tfjs).map(Math.round),
    version,
    simd,
    ratio,
    ratioRange,
    asTrainedRatio: ratioTo(trained, tfjs).ratio,
    goal: goals.eagerTfjs,
    met: ratio >= goals.eagerTfjs,
  };
}
