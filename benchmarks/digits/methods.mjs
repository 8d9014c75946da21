/**
 * The methods that are compared, the grid that each is tuned on (18 configurations each), and the winners of the recorded sweep.
 * A configuration's keys are the method's own; everything else has the run spec's defaults.
 */

/** A cosine ends at this share of the first learning rate. */
const cosineEnd = 0.02;

/** All combinations of the values of an axis each: {name: [values]} -> [{name: value}]. */
function grid(axes) {
  return Object.entries(axes).reduce(
    (partial, [name, values]) => partial.flatMap((configuration) => values.map((value) => ({ ...configuration, [name]: value }))),
    [{}],
  );
}

/**
 * The recipe's default groups: the ends by K-FAC, the layers of the charts by `method`; norms, mixes and metric nets by Adam.
 * The KL clip decides the length of a step, so it is tuned instead of the learning rate, which only bounds it.
 */
function kfac(method) {
  return {
    groups: (configuration) => {
      const options = { ...configuration, learningRate: 0.3 };
      return [
        { name: 'ends', match: ['stem', 'head'], method: 'kfac', ...options },
        { name: 'charts', match: ['block*.coupling*'], method, ...options },
        { name: 'geometry', match: ['**'], method: 'adam' },
      ];
    },
    configurations: grid({ momentum: [0.5, 0.7, 0.9], klClip: [0.01, 0.03, 0.1], damping: [0.1, 0.3] }),
  };
}

/** By name: the groups of a configuration, and the configurations of the sweep. */
export const methods = {
  'metric K-FAC': kfac('metric-kfac'),
  'K-FAC': kfac('kfac'),
  Adam: {
    groups: ({ learningRate, beta1, beta2 }) => [{ name: 'all', match: ['**'], method: 'adam', learningRate, beta1, beta2 }],
    configurations: grid({ learningRate: [0.003, 0.005, 0.01], beta1: [0.5, 0.7, 0.8], beta2: [0.99, 0.999] }),
  },
  'SGD momentum': {
    groups: ({ learningRate: initial, momentum, schedule: shape }) => {
      const learningRate = { initial, final: shape === 'cosine' ? initial * cosineEnd : initial, shape };
      return [{ name: 'all', match: ['**'], method: 'sgd', momentum, learningRate }];
    },
    configurations: grid({ learningRate: [0.04, 0.06, 0.1], momentum: [0.7, 0.8, 0.9], schedule: ['constant', 'cosine'] }),
  },
};
