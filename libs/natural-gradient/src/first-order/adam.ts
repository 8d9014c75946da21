/**
 * Adam (Kingma & Ba 2015, algorithm 1) with decoupled weight decay (Loshchilov & Hutter 2019):
 *   delta = -eta (m / (sqrt(v) + epsilon) + weightDecay theta),
 * m and v debiased moving averages of the gradient and of its square, as in moving-average.ts (which says why that is the paper's m-hat),
 * in one pass over the parameters.
 */
import type { AdamConfig } from '../config.ts';
import { type Group, type GroupInput, type GroupOutput, lengthOf, type Span } from '../group.ts';
import { nextWeight } from '../moving-average.ts';
import { learningRateAt } from '../schedule.ts';
import { scalar, type StateTree } from '../state.ts';

/** A group that follows Adam. State: `first`, `second` [n] and their debias weights. */
export class AdamGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly #config: AdamConfig;
  readonly #totalSteps: number;

  constructor(name: string, config: AdamConfig, options: { readonly spans: readonly Span[]; readonly totalSteps: number }) {
    this.name = name;
    this.spans = options.spans;
    this.#config = config;
    this.#totalSteps = options.totalSteps;
  }

  initialState(): StateTree {
    const size = lengthOf(this.spans);
    return { first: new Float64Array(size), second: new Float64Array(size), firstWeight: scalar(0), secondWeight: scalar(0) };
  }

  statisticsDue(): boolean {
    return false;
  }

  step(state: StateTree, input: GroupInput): GroupOutput {
    const { beta1, beta2, epsilon, weightDecay, learningRate: schedule } = this.#config;
    const learningRate = learningRateAt(schedule, input.step, this.#totalSteps);
    const { gradient, parameters } = input;
    const firstWeight = nextWeight(state['firstWeight'][0], beta1);
    const secondWeight = nextWeight(state['secondWeight'][0], beta2);
    const first = new Float64Array(gradient.length);
    const second = new Float64Array(gradient.length);
    const update = new Float64Array(gradient.length);
    const [before, squaresBefore] = [state['first'], state['second']];
    const [keep, keepSquare] = [1 - 1 / firstWeight, 1 - 1 / secondWeight];
    for (let i = 0; i < update.length; i++) {
      const g = gradient[i];
      first[i] = keep * before[i] + g / firstWeight;
      second[i] = keepSquare * squaresBefore[i] + (g * g) / secondWeight;
      update[i] = -learningRate * (first[i] / (Math.sqrt(second[i]) + epsilon) + weightDecay * parameters[i]);
    }
    return {
      update,
      state: { first, second, firstWeight: scalar(firstWeight), secondWeight: scalar(secondWeight) },
      report: { learningRate },
    };
  }
}
