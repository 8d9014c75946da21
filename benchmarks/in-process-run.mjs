/**
 * A run without a cluster: the same bundle, slot program and trainer as a worker's and coordinator's, in one process.
 * Benchmarks use it where what is measured is learning, not the network; the parameters are those of any cluster, bit for bit.
 */
import { performance } from 'node:perf_hooks';
import { applyUpdate, dyadicBlocks } from '../libs/cluster/dist/index.js';
import { parseRunSpec } from '../libs/run-spec/dist/index.js';
import { buildBundle } from '../apps/cli/dist/build-bundle.js';
import { defaultGroups } from '../apps/cli/dist/recipes.js';
import { openTrainer } from '../apps/coordinator/dist/trainer.js';
import { createSlotComputer } from '../apps/worker/dist/slot-program.js';

/**
 * Runs a spec (YAML text and overrides) to its end, or until `onRound` answers false.
 * `onRound` gets {step, phase, absorbed, seconds} after every round; seconds count computing and solving only.
 */
export async function runInProcess({ text, overrides = [], onRound = () => true }) {
  const spec = parseRunSpec(text, { format: 'yaml', overrides, defaultGroups });
  const { bundle } = await buildBundle(spec);
  const trainer = openTrainer(bundle);
  const computer = await createSlotComputer(bundle);
  computer.load({ parameters: trainer.parameters, state: trainer.state });
  let seconds = 0;
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const started = performance.now();
    const [block] = dyadicBlocks(0, plan.slots);
    const total = await computer.compute({ ...plan, block });
    const absorbed = trainer.absorb(total);
    if (absorbed.update) {
      applyUpdate(trainer.parameters, absorbed.update.delta);
      trainer.state.set(absorbed.update.state);
      computer.apply(absorbed.update);
    }
    seconds += (performance.now() - started) / 1000;
    if (onRound({ step: plan.step, phase: plan.phase, absorbed, seconds }) === false) break;
  }
  return { trainer, seconds };
}
