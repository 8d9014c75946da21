/**
 * A run without a cluster: the same bundle, slot program and trainer as a worker's and coordinator's, in one process.
 * Benchmarks use it where what is measured is learning, not the network; the parameters are those of any cluster, bit for bit.
 */
import { performance } from 'node:perf_hooks';
import { buildBundle } from '../../apps/cli/dist/build-bundle.js';
import { defaultGroups } from '../../apps/cli/dist/recipes.js';
import { openTrainer } from '../../apps/coordinator/dist/trainer.js';
import { createSlotComputer } from '../../apps/worker/dist/slot-program.js';
import { applyUpdate, rootBlock } from '../../libs/cluster/dist/index.js';
import { parseRunSpec } from '../../libs/run-spec/dist/index.js';

/**
 * Runs a spec (an object, as its JSON would be) to its end, or until `onRound` answers 'stop'.
 * `onRound` gets {step, phase, absorbed, seconds} after every round; seconds are those of computing, solving and applying this round.
 */
export async function runInProcess({ spec, onRound = () => 'go on' }) {
  const parsed = parseRunSpec(JSON.stringify(spec), { format: 'json', overrides: [], defaultGroups });
  const { bundle } = buildBundle(parsed);
  const trainer = openTrainer(bundle);
  const computer = await createSlotComputer(bundle);
  computer.load({ parameters: trainer.parameters, state: trainer.state });
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const { step, phase } = plan;
    await compileOnce(computer, plan);
    const started = performance.now();
    const absorbed = trainer.absorb(await computer.compute({ step, phase, block: rootBlock(plan.slots) }));
    if (absorbed.update) {
      applyUpdate(trainer.parameters, absorbed.update.delta);
      trainer.state.set(absorbed.update.state);
      computer.apply(absorbed.update);
    }
    const seconds = (performance.now() - started) / 1000;
    if (onRound({ step, phase, absorbed, seconds }) === 'stop') break;
  }
}

const compiled = new WeakMap();

/** Computes a slot of a phase that has not run yet, so that its compilation is not counted as learning. */
async function compileOnce(computer, { step, phase }) {
  const phases = compiled.get(computer) ?? new Set();
  compiled.set(computer, phases);
  if (phases.has(phase)) return;
  phases.add(phase);
  await computer.compute({ step, phase, block: { level: 0, index: 0 } });
}
