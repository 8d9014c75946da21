/**
 * The methods of B1 and the grid that each is tuned on: learning rate x momentum x schedule for the peers, what decides the damping for
 * ours. Full batch unless `examples` says otherwise. `stepCap` is the length of a run, over which schedules extend.
 * Of the objective's L2 term: K-FAC, EK-FAC and SGD have it in the gradient; Adam, SOAP, Shampoo and Muon decay the weights beside the
 * step by the same coefficient, which at 1e-5 changes their steps by nothing that shows.
 */
import { grid } from '../shared/grid.mjs';
import { l2 } from './task.mjs';

/** A cosine ends at this share of the first learning rate. */
const cosineEnd = 0.02;

function all(group) {
  return [{ name: 'all', match: ['**'], weightDecay: l2, ...group }];
}

function rate(initial, shape, warmupSteps = 0) {
  return { initial, final: shape === 'cosine' ? initial * cosineEnd : initial, shape, warmupSteps };
}

/** A natural-gradient method with the quadratic search; `options` of the group, the codec of factors. */
function natural({ method = 'kfac', codec = null, ...options }, axes) {
  return {
    isOurs: true,
    stepCap: 400,
    job: ({ damping, adaptFactor, reject = false, ...own }) => ({
      optimizer: {
        search: { rule: 'quadratic', damping, adaptFactor, adaptEvery: 5, reject },
        groups: all({ method, inverseEvery: 5, ...options, ...own }),
        codec,
      },
      steps: 400,
    }),
    configurations: grid(axes),
  };
}

/** A first-order method: `group` makes the group's options of a configuration. */
function peer({ stepCap, examples = 1000 }, group, axes) {
  return {
    stepCap,
    job: (configuration) => ({
      optimizer: { groups: all(group(configuration)) },
      examples,
      steps: stepCap,
    }),
    configurations: grid(axes),
  };
}

const schedule = ['constant', 'cosine'];

const adam = ({ learningRate, schedule: shape, ...own }) => ({ method: 'adam', learningRate: rate(learningRate, shape), ...own });
/** Without a long warm-up, momentum 0.99 leaves the region where the net can be trained. */
const nesterov = ({ learningRate, warmup, momentum }) => ({
  method: 'sgd',
  nesterov: true,
  momentum,
  learningRate: rate(learningRate, 'constant', warmup),
});
const soap = ({ learningRate, schedule: shape, beta, ...own }) => ({
  method: 'soap',
  learningRate: rate(learningRate, shape),
  beta1: beta,
  beta2: beta,
  ...own,
});
const shampoo = ({ learningRate, schedule: shape, momentum, ...own }) => ({
  method: 'shampoo',
  learningRate: rate(learningRate, shape),
  momentum,
  ...own,
});
/** The first and the last layer go by Adam, as published. */
const muon = ({ learningRate, schedule: shape, momentum }) => ({
  method: 'muon',
  momentum,
  learningRate: rate(learningRate, shape),
  adamLearningRate: rate(0.01, shape),
  adamParameters: ['encoder1.*', 'decoder4.*'],
});

/** By name. */
export const methods = {
  'K-FAC': natural({ statisticsEvery: 1 }, { damping: [1, 0.3], adaptFactor: [0.8, 0.7], factorDecay: [0.5, 0.8, 0.95] }),
  'K-FAC, factors every 10, int8': natural(
    { statisticsEvery: 10, codec: { kind: 'int8', level: 0 } },
    { damping: [1, 0.3], samples: [4, 8], factorDecay: [0.5, 0.2, 0.8], adaptFactor: [0.8] },
  ),
  SOAP: peer({ stepCap: 600 }, soap, { learningRate: [0.03, 0.02, 0.045], beta: [0.9, 0.8], schedule }),
  Muon: peer({ stepCap: 1200 }, muon, { learningRate: [0.02, 0.05, 0.01], momentum: [0.95, 0.9], schedule }),
  Shampoo: peer({ stepCap: 1000 }, shampoo, { learningRate: [0.01, 0.003, 0.03], momentum: [0.9, 0.95], schedule }),
  Adam: peer({ stepCap: 2000 }, adam, { learningRate: [0.01, 0.005, 0.02], beta2: [0.999, 0.99], schedule }),
  'Nesterov SGD': peer({ stepCap: 1000 }, nesterov, { learningRate: [0.01, 0.003, 0.03], momentum: [0.99, 0.95], warmup: [100, 400] }),
  'Adam, batch 250': peer({ stepCap: 2500, examples: 250 }, adam, { learningRate: [0.006, 0.003, 0.01], beta2: [0.99, 0.999], schedule }),
  'SOAP, batch 250': peer({ stepCap: 1000, examples: 250 }, soap, { learningRate: [0.01, 0.02, 0.005], beta: [0.9, 0.95], schedule }),
};
