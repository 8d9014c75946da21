/**
 * Stochastic gradient descent with momentum: s_t = -eta (dW + eta_2 theta), delta_t = mu delta_(t-1) + s_t;
 * Nesterov moves by mu delta_t + s_t instead of delta_t (Sutskever et al. 2013, in the form of PyTorch's SGD).
 */
import type { SgdConfig } from '../config.ts';
import { type Group, type GroupInput, type GroupOutput, lengthOf, type Span } from '../group.ts';
import { heavyBall } from '../momentum.ts';
import { learningRateAt } from '../schedule.ts';
import type { StateTree } from '../state.ts';
import { l2Gradient } from '../weight-decay.ts';

/** A group that follows the gradient. State: `velocity` [n]. */
export class SgdGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly #config: SgdConfig;
  readonly #totalSteps: number;

  constructor(name: string, config: SgdConfig, options: { readonly spans: readonly Span[]; readonly totalSteps: number }) {
    this.name = name;
    this.spans = options.spans;
    this.#config = config;
    this.#totalSteps = options.totalSteps;
  }

  initialState(): StateTree {
    return { velocity: new Float64Array(lengthOf(this.spans)) };
  }

  statisticsDue(): boolean {
    return false;
  }

  step(state: StateTree, input: GroupInput): GroupOutput {
    const { momentum, nesterov, weightDecay, learningRate: schedule } = this.#config;
    const learningRate = learningRateAt(schedule, input.step, this.#totalSteps);
    const step = { direction: l2Gradient(input.gradient, input.parameters, weightDecay), rate: -learningRate, momentum };
    const velocity = heavyBall(new Float64Array(input.gradient.length), state['velocity'], step);
    const update = nesterov ? heavyBall(new Float64Array(velocity.length), velocity, step) : velocity;
    return { update, state: { velocity }, report: { learningRate } };
  }
}
