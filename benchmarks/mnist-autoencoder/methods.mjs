/**
 * The methods that are compared: the run of a configuration, the grid that it is tuned on, how often the error is read, and the updates of a
 * run: in the sweep's first round, and at most. Everything that is not named has the run spec's defaults.
 */
import { grid } from '../shared/grid.mjs';
import { images } from './task.mjs';

const weightDecay = 1e-5;

function firstOrder(method, options = {}) {
  return ({ batch, learningRate, warmup = 0, ...own }) => {
    const schedule = { initial: learningRate, final: learningRate, shape: 'constant', warmupSteps: warmup };
    const group = { name: 'all', match: ['**'], method, weightDecay, ...options, ...own, learningRate: schedule };
    return { batch: { examples: batch, slots: 1 }, optimizer: { groups: [group] } };
  };
}

/** Step size, momentum and damping by the quadratic model; the batch grows from one slot to the whole set, or is the whole set in 8 slots. */
function kfac({ from, growthSteps, damping, adaptFactor, modelShare = 1, ...options }) {
  const growing = { examples: from, slots: 1, growth: { to: images, steps: growthSteps } };
  const group = { name: 'all', match: ['**'], method: 'kfac', weightDecay, statisticsEvery: 5, inverseEvery: 5, ...options };
  return {
    batch: from === images ? { examples: images, slots: 8 } : growing,
    optimizer: { search: { rule: 'quadratic', damping, adaptFactor, adaptEvery: 5, modelShare, reject: false }, groups: [group] },
  };
}

/** SGD by what it moves by in the long run, rate / (1 - momentum). */
const sgdGrid = grid({ batch: [250, 500], momentum: [0.8, 0.9, 0.95, 0.98], inTheLongRun: [0.1, 0.2] }).map(
  ({ batch, momentum, inTheLongRun }) => {
    const learningRate = Number((inTheLongRun * (1 - momentum)).toPrecision(3));
    return { batch, momentum, learningRate, warmup: 100 };
  },
);

/** By name. */
export const methods = {
  'K-FAC': {
    run: kfac,
    configurations: [
      ...grid({ from: [250, 500, 1000], growthSteps: [80, 120], damping: [3, 10], adaptFactor: [0.85], factorDecay: [0.8] }),
      ...grid({ from: [images], damping: [3, 10], adaptFactor: [0.85], factorDecay: [0.8] }),
      ...grid({ from: [500], growthSteps: [80], damping: [1], adaptFactor: [0.85], factorDecay: [0.8], modelShare: [1, 0.5, 0.25, 0.125] }),
      ...grid({ from: [500], growthSteps: [80], damping: [1], adaptFactor: [0.75, 0.85], factorDecay: [0.5], modelShare: [0.25] }),
    ],
    firstUpdates: 40,
    mostUpdates: 300,
    readEvery: 1,
  },
  'SGD momentum': {
    run: firstOrder('sgd', { nesterov: true }),
    configurations: sgdGrid,
    firstUpdates: 400,
    mostUpdates: 3000,
    readEvery: 20,
  },
  SOAP: {
    run: firstOrder('soap'),
    configurations: grid({ batch: [500, 2000], learningRate: [0.003, 0.01, 0.03], beta1: [0.9, 0.95] }),
    firstUpdates: 40,
    mostUpdates: 400,
    readEvery: 5,
  },
  Adam: {
    run: firstOrder('adam'),
    configurations: grid({ batch: [250, 500], learningRate: [0.001, 0.003, 0.01], beta1: [0.8, 0.9] }),
    firstUpdates: 150,
    mostUpdates: 3000,
    readEvery: 20,
  },
};

/** What `train` is asked for a configuration. */
export function jobOf(name, configuration) {
  const { run, mostUpdates, readEvery } = methods[name];
  return { ...run(configuration), steps: mostUpdates, readEvery };
}
