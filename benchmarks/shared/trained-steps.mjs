/**
 * Steps as one worker and the coordinator take them, in one process and without the network: the worker's block of slots
 * with its reduction tree, packed sums, the optimiser, the applied update.
 */
import { performance } from 'node:perf_hooks';
import { BlockRunner } from '../../apps/worker/dist/block-runner.js';
import { applyUpdate } from '../../libs/cluster/dist/index.js';
import { readSums } from '../../libs/engine/dist/index.js';
import { createOptimizer } from '../../libs/natural-gradient/dist/index.js';
import { buildPrograms } from '../../libs/nn/dist/index.js';
import { entryOf, makeLayout } from '../../libs/tensor/dist/index.js';

/**
 * Compiles a workload (training-step/workload.mjs). Returns `start()`, which begins anew from the first parameters and returns the
 * function that takes step 0, 1, ... and returns its loss. `onTime(part, ms)` is told what each part of a step took.
 * @param {{groups: object[], curvature?: Map<string, import('../../libs/nn/dist/index.js').LayerCurvature>, slots: number, executor: object, linalg?: object, onTime?: Function}} options
 */
export async function trainedSteps(workload, { groups, curvature = new Map(), slots, executor, linalg, onTime = () => undefined }) {
  const { model, batch, theta, rows } = workload;
  const slotSize = batch / slots;
  const { phases } = buildPrograms({ model, slotSize, curvature });
  const compile = (phase) => phase && BlockRunner.compile(phase, executor, { slotSize, featureShape: model.featureShape });
  const runners = { grad: await compile(phases.grad), 'grad-stats': await compile(phases['grad-stats']) };
  const optimizer = optimizerOf(model, groups, linalg);
  const block = { level: Math.log2(slots), index: 0 };
  const ordinals = Array.from({ length: slots }, (_, slot) => Int32Array.from({ length: slotSize }, (_, row) => slot * slotSize + row));

  const totalOf = (name, step, shared) => {
    const split = splitOf(rows[step % rows.length], batch);
    const rowsOf = (slot) => ({ split, examples: ordinals[slot], firstOrdinal: slot * slotSize, roundRows: batch, seed: 0, step });
    return runners[name].run(block, rowsOf, shared);
  };

  return () => {
    const parameters = theta.slice();
    const shared = { theta: floats([theta.length], parameters), state: floats([0], new Float32Array(0)) };
    let state = optimizer.initialState();
    return async (at) => {
      const lap = stopwatch(onTime);
      const rounds = optimizer.step(state, { step: at + 1, parameters });
      let loss = Number.NaN;
      let next = rounds.next();
      while (!next.done) {
        const { program } = next.value;
        const { count, scalars, sums } = await totalOf(program, at, shared);
        lap(program);
        const columns = new Map(phases[program].columns.map((column, i) => [column, scalars[i]]));
        if (program.startsWith('grad')) loss = columns.get('loss') / count;
        const totals = { count, columns, sums: readSums(phases[program].sums, sums) };
        lap('read sums');
        next = rounds.next(totals);
        lap('optimizer');
      }
      state = next.value.state;
      applyUpdate(parameters, next.value.delta);
      lap('apply');
      return loss;
    };
  };
}

/** Tells what has passed since the last lap. */
function stopwatch(onTime) {
  let last = performance.now();
  return (part) => {
    const now = performance.now();
    onTime(part, now - last);
    last = now;
  };
}

/** All parameters by plain SGD. */
export function plainSgd(model, learningRate) {
  const parameters = model.parameters.map(({ name }) => name);
  return { name: 'sgd', parameters, method: 'sgd', learningRate: constant(learningRate), momentum: 0, nesterov: false, weightDecay: 0 };
}

/** A schedule that stays at a rate. */
export function constant(learningRate) {
  return { initial: learningRate, final: learningRate, warmupSteps: 0, shape: 'constant' };
}

function optimizerOf(model, groups, linalg) {
  const parameters = makeLayout(model.parameters);
  const layers = model.layers.map((layer) => ({ ...layer, offset: entryOf(parameters, layer.weight).offset }));
  return createOptimizer({ groups, layers, parameters, totalSteps: 1e6, ...(linalg && { linalg }) });
}

/** A batch as a split that rows are read from. */
function splitOf({ x, y }, count) {
  const perRow = (values) => values.length / count;
  const span = (values, indices) => values.subarray(indices[0] * perRow(values), (indices[0] + indices.length) * perRow(values));
  return {
    size: count,
    fill(indices, rows, targets, weight) {
      rows.set(span(x, indices));
      if (y) targets.set(span(y, indices));
      weight.fill(1);
    },
  };
}

function floats(shape, data) {
  return { dtype: 'float32', shape, data };
}
