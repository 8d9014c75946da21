/**
 * K-FAC and metric K-FAC for the dense layers of one group. One step, in this order:
 *   absorb statistics (when due) -> refresh inverses (when due) -> U_l = A_d^-1 (dW_l + eta_2 W_l) S_d^-1
 *   -> KL clip nu over the group -> s = -eta nu U -> heavy-ball momentum delta = mu delta_0 + s.
 * The damping is lambda + eta_2, because the L2 term adds eta_2 I to the curvature. Sums over layers run in the order of theta.
 */
import type { Linalg } from '@geodesic/linalg';
import type { KfacConfig } from './config.ts';
import type { FailedFactor } from './damped-inverse.ts';
import { MissingStatisticsError } from './errors.ts';
import type { FailedFactorObserver } from './failed-factor.ts';
import { type Group, type GroupInput, type GroupOutput, lengthOf, type Span } from './group.ts';
import { klScale } from './kl-clip.ts';
import { multiply } from './kronecker-factor.ts';
import { absorb, curvatureOf, hasInverse, initialCurvature, inverseOf, type LayerShape, refresh } from './layer-curvature.ts';
import { nextWeight } from './moving-average.ts';
import { heavyBall } from './momentum.ts';
import { learningRateAt } from './schedule.ts';
import { scalar, type StateTree, withScope } from './state.ts';
import { dot } from './vector.ts';
import { l2Gradient } from './weight-decay.ts';

/** A layer and where its matrix stands in theta. */
export interface PlacedLayer extends LayerShape, Span {}

/** What a group is made from beside its name and configuration. */
export interface KfacGroupOptions {
  /** Ascending by offset. */
  readonly layers: readonly PlacedLayer[];
  readonly totalSteps: number;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
  readonly onFailedFactor?: FailedFactorObserver | undefined;
}

/** A group preconditioned by Kronecker factors. State: `velocity` [n], `weight` (debias), and `<layer>/...` of layer-curvature.ts. */
export class KfacGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly #layers: readonly PlacedLayer[];
  readonly #config: KfacConfig;
  readonly #damping: number;
  readonly #totalSteps: number;
  readonly #linalg: Linalg | undefined;
  readonly #onFailedFactor: FailedFactorObserver | undefined;

  constructor(name: string, config: KfacConfig, options: KfacGroupOptions) {
    this.name = name;
    this.spans = options.layers;
    this.#layers = options.layers;
    this.#config = config;
    this.#damping = config.damping + config.weightDecay;
    this.#totalSteps = options.totalSteps;
    this.#linalg = options.linalg;
    this.#onFailedFactor = options.onFailedFactor;
  }

  initialState(): StateTree {
    const layers = this.#layers.map((layer) => withScope(initialCurvature(layer), layer.name));
    return Object.assign({ velocity: new Float64Array(lengthOf(this.spans)), weight: scalar(0) }, ...layers) as StateTree;
  }

  statisticsDue(step: number): boolean {
    return isDue(step, this.#config.statisticsEvery);
  }

  step(state: StateTree, input: GroupInput): GroupOutput {
    const { momentum, klClip, weightDecay, learningRate: schedule } = this.#config;
    const weight = this.statisticsDue(input.step) ? nextWeight(state['weight'][0], this.#config.factorDecay) : state['weight'][0];
    const curvatures = this.#layers.map((layer) => this.#advance(layer, curvatureOf(layer, state), { input, weight }));

    const learningRate = learningRateAt(schedule, input.step, this.#totalSteps);
    const gradient = l2Gradient(input.gradient, input.parameters, weightDecay);
    const { direction, product } = this.#precondition(curvatures, gradient);
    const nu = klClip === null ? 1 : klScale({ bound: klClip, learningRate, product });
    const velocity = heavyBall(direction, state['velocity'], { direction, rate: -learningRate * nu, momentum });

    const layerStates = curvatures.map((curvature, i) => withScope(curvature, this.#layers[i].name));
    return {
      update: velocity,
      state: Object.assign({ velocity, weight: scalar(weight) }, ...layerStates) as StateTree,
      report: {
        learningRate,
        klScale: nu,
        damping: this.#damping,
        meanPi: sumOf(curvatures, 'pi') / curvatures.length,
        fallbacks: sumOf(curvatures, 'fallbacks'),
        clamped: sumOf(curvatures, 'clamped'),
        kept: sumOf(curvatures, 'kept'),
      },
    };
  }

  #advance(layer: LayerShape, before: StateTree, now: { readonly input: GroupInput; readonly weight: number }): StateTree {
    const { step, count, statistics } = now.input;
    const { inverseEvery, normalizeMetric = false } = this.#config;
    const after = this.statisticsDue(step) ? absorb(layer, before, { step, count, statistics, weight: now.weight }) : before;
    if (now.weight === 0) throw new MissingStatisticsError(layer.name, `A/${layer.name}`, step);
    if (hasInverse(after) && !isDue(step, inverseEvery)) return after;
    const observer = this.#onFailedFactor;
    const onFailedFactor = observer && ((failure: FailedFactor): void => observer({ ...failure, layer: layer.name, step }));
    return refresh(layer, after, { step, damping: this.#damping, normalizeMetric, linalg: this.#linalg, onFailedFactor });
  }

  /** U over all layers, and sum_l <U_l, dW_l>. */
  #precondition(curvatures: readonly StateTree[], gradient: Float64Array): { direction: Float64Array; product: number } {
    const direction = new Float64Array(gradient.length);
    let product = 0;
    let position = 0;
    for (const [i, layer] of this.#layers.entries()) {
      const layerGradient = gradient.subarray(position, position + layer.size);
      const layerDirection = multiply(inverseOf(layer, curvatures[i]), layerGradient, this.#linalg);
      direction.set(layerDirection, position);
      product += dot(layerDirection, layerGradient);
      position += layer.size;
    }
    return { direction, product };
  }
}

function isDue(step: number, every: number): boolean {
  return (step - 1) % every === 0;
}

function sumOf(states: readonly StateTree[], key: string): number {
  return states.reduce((sum, state) => sum + state[key][0], 0);
}
