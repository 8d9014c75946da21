/**
 * The methods on the spiral and the grid that each is tuned on, for each of the two problems: 12 configurations, learning rate x momentum x
 * schedule for the peers; what decides the damping for K-FAC. `stepCap` is the length of a run, over which schedules extend.
 */
import { grid } from '../shared/grid.mjs';

/** A cosine ends at this share of the first learning rate. */
const cosineEnd = 0.02;

function method({ stepCap, search = { rule: 'fixed' } }, optionsOf, axes) {
  return {
    stepCap,
    job: (configuration) => {
      const { search: own = {}, ...options } = optionsOf(configuration);
      return { optimizer: { search: { ...search, ...own }, groups: [{ name: 'all', match: ['**'], ...options }] }, steps: stepCap };
    },
    configurations: grid(axes),
  };
}

function rate(initial, shape) {
  return { initial, final: shape === 'cosine' ? initial * cosineEnd : initial, shape };
}

const schedule = ['constant', 'cosine'];

const quadratic = { rule: 'quadratic', adaptEvery: 5, reject: true };
const kfac = ({ damping, adaptFactor, factorDecay }) => ({
  method: 'kfac',
  inverseEvery: 1,
  factorDecay,
  search: { damping, adaptFactor },
});
const soap = ({ learningRate, beta, schedule: shape }) => ({
  method: 'soap',
  learningRate: rate(learningRate, shape),
  beta1: beta,
  beta2: beta,
});
const adam = ({ learningRate, beta1, schedule: shape }) => ({ method: 'adam', learningRate: rate(learningRate, shape), beta1 });
const sgd = ({ learningRate, momentum, schedule: shape }) => ({ method: 'sgd', learningRate: rate(learningRate, shape), momentum });

/** By problem and name. */
export const methods = {
  plain: {
    'K-FAC': method({ stepCap: 200, search: quadratic }, kfac, {
      damping: [0.03, 0.01, 0.1],
      adaptFactor: [0.8, 0.7],
      factorDecay: [0.5, 0.2],
    }),
    SOAP: method({ stepCap: 300 }, soap, { learningRate: [0.1, 0.07, 0.15], beta: [0.9, 0.8], schedule }),
    Adam: method({ stepCap: 400 }, adam, { learningRate: [0.1, 0.07, 0.15], beta1: [0.8, 0.9], schedule }),
    'SGD momentum': method({ stepCap: 1000 }, sgd, { learningRate: [0.3, 0.5, 0.7], momentum: [0.95, 0.9], schedule }),
  },
  'ill-scaled': {
    'K-FAC': method({ stepCap: 400, search: quadratic }, kfac, {
      damping: [0.03, 0.01, 0.1],
      adaptFactor: [0.8, 0.7],
      factorDecay: [0.5, 0.2],
    }),
    SOAP: method({ stepCap: 600 }, soap, { learningRate: [0.1, 0.07, 0.15], beta: [0.9, 0.8], schedule }),
    Adam: method({ stepCap: 1000 }, adam, { learningRate: [0.1, 0.07, 0.15], beta1: [0.9, 0.95], schedule }),
    'SGD momentum': method({ stepCap: 4000 }, sgd, { learningRate: [0.03, 0.01, 0.003], momentum: [0.99, 0.95], schedule }),
  },
};
