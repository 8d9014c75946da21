/**
 * Three ways to take the same training steps. A contender has `losses(steps)` and `window(seconds)`, both from the first parameters.
 */
import { performance } from 'node:perf_hooks';
import { PhaseRunner } from '../../apps/worker/dist/phase-runner.js';
import { BlockAccumulator, applyUpdate } from '../../libs/cluster/dist/index.js';
import { buildPrograms } from '../../libs/nn/dist/index.js';
import { createOptimizer } from '../../libs/natural-gradient/dist/index.js';
import { makeLayout, viewOf } from '../../libs/tensor/dist/index.js';
import { sgdStepGraph } from './step-graph.mjs';

/** Ours, the whole step as one graph; parameters go round from its outputs to its inputs. */
export async function oneGraph(workload, executor) {
  const { model, batch, learningRate, theta, rows } = workload;
  const program = await executor.compile(sgdStepGraph(model, { batch, learningRate }));
  const layout = makeLayout(model.parameters);
  const first = Object.fromEntries(model.parameters.map(({ name, shape }) => [name, floats(shape, viewOf(layout, theta, name).slice())]));
  const batches = rows.map(({ x, y }) => ({
    x: floats([batch, ...model.featureShape], x),
    y: { dtype: 'int32', shape: [batch], data: y },
  }));
  return contender(() => {
    let parameters = first;
    return async (step) => {
      const { loss, ...next } = await program.run({ ...parameters, ...batches[step % batches.length] });
      parameters = next;
      return loss.data[0];
    };
  });
}

/** Ours as a run trains: slots through the worker's phase runner, gradient sums, the reduction tree, the optimiser, the applied update. */
export async function asTrained(workload, executor, { slots }) {
  const { model, batch, learningRate, theta, rows } = workload;
  const slotSize = batch / slots;
  const { grad } = buildPrograms({ model, slotSize, curvature: new Map() }).phases;
  const runner = await PhaseRunner.compile(grad, executor, { slotSize, featureShape: model.featureShape });
  const optimizer = plainSgd(model, learningRate);
  const block = { level: Math.log2(slots), index: 0 };
  const ordinals = Array.from({ length: slots }, (_, slot) => Int32Array.from({ length: slotSize }, (_, row) => slot * slotSize + row));
  return contender(() => {
    const parameters = theta.slice();
    const inputs = { theta: floats([theta.length], parameters), state: floats([0], new Float32Array(0)) };
    let state = optimizer.initialState();
    return async (step) => {
      const accumulator = new BlockAccumulator({ block, sumsLength: runner.sumsLength, scalarsLength: runner.scalarsLength });
      for (let slot = 0; slot < slots; slot++) {
        const asked = { split: splitOf(rows[step % rows.length]), examples: ordinals[slot], firstOrdinal: slot * slotSize, seed: 0, step };
        accumulator.push({ block: { level: 0, index: slot }, ...(await runner.run(asked, inputs)) });
      }
      const { count, scalars, sums } = accumulator.finish();
      const answer = optimizer.step(state, { step: step + 1, count, gradientSum: sums, parameters });
      state = answer.state;
      applyUpdate(parameters, answer.delta);
      return scalars[grad.columns.indexOf('loss')] / count;
    };
  });
}

/** The same in PyTorch, in its own process; see pytorch_peer.py. */
export async function pytorch(workload, peer, folder) {
  const { sizes, batch, learningRate, rows } = workload;
  await peer.ask({ command: 'open', folder, sizes, batch, batches: rows.length, learningRate });
  return {
    losses: async (steps) => (await peer.ask({ command: 'train', steps })).losses,
    window: (seconds) => peer.ask({ command: 'window', seconds }),
  };
}

/** `start` begins anew from the first parameters and returns the function that takes step 0, 1, ... and returns its loss. */
function contender(start) {
  return {
    async losses(steps) {
      const take = start();
      const losses = [];
      for (let step = 0; step < steps; step++) losses.push(await take(step));
      return losses;
    },
    async window(seconds) {
      const take = start();
      const started = performance.now();
      let steps = 0;
      while (performance.now() - started < seconds * 1000) await take(steps++);
      return { steps, seconds: (performance.now() - started) / 1000 };
    },
  };
}

function plainSgd(model, learningRate) {
  const constant = { initial: learningRate, final: learningRate, warmupSteps: 0, shape: 'constant' };
  const parameters = model.parameters.map(({ name }) => name);
  const group = { name: 'all', parameters, method: 'sgd', learningRate: constant, momentum: 0, nesterov: false, weightDecay: 0 };
  return createOptimizer({ groups: [group], layers: [], parameters: makeLayout(model.parameters), totalSteps: 1e6 });
}

/** A batch as a split that rows are read from. */
function splitOf({ x, y }) {
  const features = x.length / y.length;
  return {
    size: y.length,
    fill(indices, rows, labels, weight) {
      rows.set(x.subarray(indices[0] * features, (indices[0] + indices.length) * features));
      labels.set(y.subarray(indices[0], indices[0] + indices.length));
      weight.fill(1);
    },
  };
}

function floats(shape, data) {
  return { dtype: 'float32', shape, data };
}
