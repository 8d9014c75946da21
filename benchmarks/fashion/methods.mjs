/**
 * The methods that are compared, and the grid that each is tuned on. A configuration's keys are the method's own, but `schedule`; everything
 * else has the run spec's defaults. The KL clip decides the length of a natural step, so it is tuned instead of the learning rate, which only
 * bounds it: at 0.1 seldom, at 0.03 and below, as a cosine ends, from the middle of a run on.
 */
import { grid } from '../shared/grid.mjs';

/** A cosine ends at this share of the first learning rate. */
const cosineEnd = 0.02;

function scheduled(initial, shape = 'constant') {
  return { initial, final: shape === 'cosine' ? initial * cosineEnd : initial, shape };
}

const schedules = [{ schedule: 'constant' }, { schedule: 'cosine' }];

function natural(method, sharing, every = { statisticsEvery: 10, inverseEvery: 50 }) {
  return {
    groups: ({ schedule, learningRate = 0.1, ...options }) => [
      {
        name: 'all',
        match: ['**'],
        method,
        sharing,
        ...every,
        momentum: 0.9,
        ...options,
        learningRate: scheduled(learningRate, schedule),
      },
    ],
    configurations: grid({ klClip: [0.0002, 0.0005, 0.0015], damping: [0.01, 0.03, 0.1] }),
    keep: 2,
    endings: [{ schedule: 'constant' }, { schedule: 'cosine', learningRate: 0.03 }],
  };
}

/** By name: the groups of a configuration, the configurations of the sweep's first round, how many go on to the second, and with what each. */
export const methods = {
  'K-FAC, expand': natural('kfac', 'expand'),
  'K-FAC, expand, every 20': natural('kfac', 'expand', { statisticsEvery: 20, inverseEvery: 100 }),
  'K-FAC, reduce': natural('kfac', 'reduce'),
  'EK-FAC, expand': natural('ekfac', 'expand'),
  'EK-FAC, reduce': natural('ekfac', 'reduce'),
  SOAP: {
    groups: ({ schedule, learningRate, ...options }) => [
      { name: 'all', match: ['**'], method: 'soap', ...options, learningRate: scheduled(learningRate, schedule) },
    ],
    configurations: [
      ...grid({ learningRate: [0.002, 0.004, 0.008], beta1: [0.9, 0.95], shampooBeta: [0.9, 0.95] }),
      ...grid({ learningRate: [0.012, 0.02], beta1: [0.95], shampooBeta: [0.9, 0.95] }),
    ],
    keep: 2,
    endings: schedules,
  },
  Muon: {
    groups: ({ schedule, learningRate, adamLearningRate, momentum }) => [
      {
        name: 'all',
        match: ['**'],
        method: 'muon',
        momentum,
        adamParameters: ['head.weight'],
        learningRate: scheduled(learningRate, schedule),
        adamLearningRate: scheduled(adamLearningRate, schedule),
      },
    ],
    configurations: [
      ...grid({ learningRate: [0.01, 0.02, 0.04], adamLearningRate: [0.002, 0.006], momentum: [0.9, 0.95] }),
      ...grid({ learningRate: [0.06, 0.1], adamLearningRate: [0.002], momentum: [0.9, 0.95] }),
    ],
    keep: 2,
    endings: schedules,
  },
  Adam: {
    groups: ({ schedule, learningRate, ...options }) => [
      { name: 'all', match: ['**'], method: 'adam', ...options, learningRate: scheduled(learningRate, schedule) },
    ],
    configurations: [
      ...grid({ learningRate: [0.002, 0.004, 0.008], beta1: [0.8, 0.9], beta2: [0.99, 0.999] }),
      ...grid({ learningRate: [0.012, 0.02], beta1: [0.9], beta2: [0.99, 0.999] }),
    ],
    keep: 2,
    endings: schedules,
  },
};
