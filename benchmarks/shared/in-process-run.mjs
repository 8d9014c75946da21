/**
 * A run without a cluster: the same bundle, slot program and trainer as a worker's and coordinator's, in one process.
 * Benchmarks use it where what is measured is learning, not the network; the parameters are those of any cluster, bit for bit.
 */
import { performance } from 'node:perf_hooks';
import { buildBundle } from '../../apps/cli/dist/build-bundle.js';
import { defaultGroups } from '../../apps/cli/dist/recipes.js';
import { openTrainer } from '../../apps/coordinator/dist/trainer.js';
import { ProgramFailure } from '../../apps/worker/dist/program-failure.js';
import { createSlotComputer } from '../../apps/worker/dist/slot-program.js';
import { applyUpdate, combine, planRound, referTo, rootBlock, vectorDigest, vectorsOf } from '../../libs/cluster/dist/index.js';
import { evaluationSlots, openDataset } from '../../libs/data/dist/index.js';
import { decodeBundle } from '../../libs/engine/dist/index.js';
import { parseRunSpec } from '../../libs/run-spec/dist/index.js';

/**
 * Runs a spec (an object, as its JSON would be) to its end, or until `onRound` answers 'stop'.
 * `onRound` gets {step, phase, count, absorbed, seconds, read} after every round, and may answer with a promise: `count` examples were seen,
 * `seconds` are those of computing, solving and applying, and `read(split)` gives the means of the columns over a split, of the parameters
 * as they are then.
 */
export async function runInProcess({ spec, onRound = async () => 'go on' }) {
  const parsed = parseRunSpec(JSON.stringify(spec), { format: 'json', overrides: [], defaultGroups });
  const { bundle } = buildBundle(parsed);
  const trainer = openTrainer(bundle);
  const computer = await createSlotComputer(bundle);
  const previous = new Float32Array(trainer.parameters.length);
  computer.load({ parameters: trainer.parameters, state: trainer.state, previous });
  const held = heldVectors(computer);
  const read = reader(bundle, computer);
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const { step, attempt, phase } = plan;
    const { inputs } = planRound({ run: 'in-process', plan, position: { version: 0, chain: '', checksum: '' } });
    held.only(plan.inputs ? vectorsOf(plan.inputs) : []);
    await compileOnce(computer, { ...plan, inputs });
    const started = performance.now();
    const { absorbed, count } = await answered(trainer, { step, attempt, phase }, () =>
      computer.compute({ step, attempt, phase, block: rootBlock(plan.slots), inputs }),
    );
    if (absorbed.update) commit(absorbed.update, { trainer, computer, previous, held });
    const seconds = (performance.now() - started) / 1000;
    if ((await onRound({ step, phase, count, absorbed, seconds, read })) === 'stop') break;
  }
}

/** What the trainer makes of a round's total, or of its failure; count is 0 for a failed round. */
async function answered(trainer, round, compute) {
  let total;
  try {
    total = await compute();
  } catch (error) {
    const absorbed =
      error instanceof ProgramFailure ? trainer.reject({ ...round, reason: error.message, worker: 'in-process' }) : undefined;
    if (absorbed === undefined) throw error;
    return { absorbed, count: 0 };
  }
  return { absorbed: trainer.absorb(total), count: total.count };
}

/** Applies an update to the trainer's arrays and to the computer, as the coordinator and a worker would. */
function commit(update, { trainer, computer, previous, held }) {
  const { combination, state } = update;
  const delta = combination ? combine(combination.direction, previous, combination.alpha, combination.mu) : update.delta;
  if (combination) held.also([combination.direction]);
  applyUpdate(trainer.parameters, delta);
  trainer.state.set(state);
  previous.set(delta);
  computer.apply(combination ? { combination: referTo(combination), state } : { delta, state });
}

/** Reads splits beside the run: the function from a split's name to the means of its columns. */
function reader(bytes, computer) {
  const { phases, slotSize, spec } = decodeBundle(bytes);
  let dataset;
  return async (split) => {
    dataset ??= openDataset(spec.data);
    const { slots } = evaluationSlots(dataset.split(split).size, slotSize);
    const { count, scalars } = await computer.compute({ step: 0, attempt: 0, phase: `eval/${split}`, block: rootBlock(slots) });
    return Object.fromEntries(phases.eval.columns.map((name, i) => [name, scalars[i] / count]));
  };
}

/** The vectors of the present round, in the computer's hands. */
function heldVectors(computer) {
  let digests = new Set();
  const also = (vectors) => {
    for (const vector of vectors) {
      const digest = vectorDigest(vector);
      if (!digests.has(digest)) computer.hold(digest, vector);
      digests.add(digest);
    }
  };
  const only = (vectors) => {
    const wanted = new Set(vectors.map(vectorDigest));
    for (const digest of digests) if (!wanted.has(digest)) computer.release(digest);
    digests = new Set([...digests].filter((digest) => wanted.has(digest)));
    also(vectors);
  };
  return { also, only };
}

const compiled = new WeakMap();

/** Computes a slot of a program that has not run yet, so that its compilation is not counted as learning. */
async function compileOnce(computer, { step, attempt, phase, inputs }) {
  const programs = compiled.get(computer) ?? new Set();
  compiled.set(computer, programs);
  const [program] = phase.split('/');
  if (programs.has(program)) return;
  programs.add(program);
  await computer.compute({ step, attempt, phase, block: { level: 0, index: 0 }, inputs });
}
