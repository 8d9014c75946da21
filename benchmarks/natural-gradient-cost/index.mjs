/**
 * S2: what natural gradient costs. A K-FAC step with factors every 10 and inverses every 100 steps, over the plain SGD step of the same
 * engine, both as one worker trains and in turn. A reading is a whole cycle of 100 steps, so that what is due seldom counts by its share.
 * Cases: the MLP and the CNN of S1, the latter with its convolutions' pixels as cases of their own (expand) and added up (reduce). Factors are inverted and directions computed by the backend `auto`, and in a second column by LAPACK,
 * where this machine has it (`linalg: lapack` of a run).
 */
import { performance } from 'node:perf_hooks';
import { onnxCpuExecutor } from '../../libs/engine/dist/onnx/index.js';
import { openLapack, probeLapack } from '../../libs/linalg/dist/lapack/index.js';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { constant, plainSgd, trainedSteps } from '../shared/trained-steps.mjs';
import { workloadOf } from '../training-step/workload.mjs';

const seed = 1;
/** A step of K-FAC takes at most so many plain ones. */
const goal = 1.25;
const slots = 2;
const every = { statistics: 10, inverses: 100 };
const profiles = { quick: { cycles: 3 }, full: { cycles: 9 } };
const cases = [
  { name: 'mlp', net: 'mlp' },
  { name: 'cnn expand', net: 'cnn', sharing: 'expand' },
  { name: 'cnn reduce', net: 'cnn', sharing: 'reduce' },
];

/** Runs the benchmark and prints one line for each case. */
export async function run({ profile }) {
  const probe = await probeLapack();
  const lapack = probe.available ? await openLapack() : undefined;
  for (const { name, net, sharing } of cases) {
    const workload = withSharing(workloadOf({ name: net, seed }), sharing);
    const executor = onnxCpuExecutor({ threads: 1 });
    try {
      const contenders = {
        sgd: await sgd(workload, executor),
        kfac: await kfac(workload, executor),
        ...(lapack && { lapack: await kfac(workload, executor, lapack) }),
      };
      report({ name, profile, probe, contenders, cycles: await takeTurns(contenders, profiles[profile].cycles) });
    } finally {
      await executor.close();
    }
  }
}

/** The workload with other sharing of its convolutions. */
function withSharing(workload, sharing) {
  const layers = workload.model.layers.map((layer) => (layer.kind === 'conv' && sharing ? { ...layer, sharing } : layer));
  return { ...workload, model: { ...workload.model, layers } };
}

function sgd(workload, executor) {
  return cyclesOf(workload, { groups: [plainSgd(workload.model, workload.learningRate)], executor });
}

/** All layers by K-FAC without momentum, as the plain step is. */
function kfac(workload, executor, linalg) {
  const { model, learningRate } = workload;
  const layers = model.layers.map(({ name }) => name);
  const group = {
    name: 'kfac',
    parameters: model.parameters.map(({ name }) => name),
    method: 'kfac',
    layers,
    learningRate: constant(learningRate),
    momentum: 0,
    damping: 0.1,
    klClip: 1e-3,
    factorDecay: 0.95,
    statisticsEvery: every.statistics,
    inverseEvery: every.inverses,
    weightDecay: 0,
  };
  return cyclesOf(workload, {
    groups: [group],
    curvature: new Map(layers.map((name) => [name, { source: 'sampled', form: 'kronecker' }])),
    executor,
    linalg,
  });
}

/** A contender: `cycle()` takes the next cycle's steps and returns the ms of one; `parts` are ms by part of a step, added up. */
async function cyclesOf(workload, { groups, curvature, executor, linalg }) {
  const parts = {};
  const onTime = (part, ms) => (parts[part] = (parts[part] ?? 0) + ms);
  const take = (await trainedSteps(workload, { groups, curvature, slots, executor, linalg, onTime }))();
  let step = 0;
  return {
    parts,
    async cycle() {
      const started = performance.now();
      for (let i = 0; i < every.inverses; i++) await take(step++);
      return (performance.now() - started) / every.inverses;
    },
  };
}

/** ms of a step of everyone in each cycle; a first cycle only warms up. */
async function takeTurns(contenders, count) {
  const cycles = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < count; round++)
    for (const [name, { cycle, parts }] of Object.entries(contenders)) {
      const ms = await cycle();
      if (round >= 0) cycles[name].push(ms);
      else for (const part of Object.keys(parts)) parts[part] = 0;
    }
  return cycles;
}

function report({ name, profile, probe, contenders, cycles }) {
  const { sgd: plain, kfac: natural, lapack } = cycles;
  const column = (own, { parts }) => ({
    ours: significant(median(own)),
    oursRange: range(own).map((ms) => significant(ms)),
    ratio: significant(median(own) / median(plain), 3),
    ratioRange: range(own.map((ms, cycle) => ms / plain[cycle])).map((value) => significant(value, 3)),
    parts: perStep(parts, own.length),
  });
  const main = column(natural, contenders.kfac);
  printResult({
    benchmark: 'S2',
    case: name,
    unit: 'ms/step',
    ...main,
    peer: significant(median(plain)),
    peerName: 'plain SGD of the same engine',
    peerRange: range(plain).map((ms) => significant(ms)),
    peerParts: perStep(contenders.sgd.parts, plain.length),
    goal,
    met: main.ratio <= goal,
    seed,
    onLapack: lapack ? { library: probe.version, ...column(lapack, contenders.lapack) } : { reason: probe.reason },
    slots,
    cycles: natural.length,
    threads: 1,
    profile,
  });
}

/** ms by part of a step, averaged over all steps: a part that is due seldom counts by its share. */
function perStep(parts, cycles) {
  return Object.fromEntries(Object.entries(parts).map(([part, ms]) => [part, significant(ms / cycles / every.inverses, 3)]));
}
