/**
 * A group that solves with a curvature, whatever the curvature and however it solves: the config, a {@link Descent} and where the numbers
 * stand. It answers in two ways:
 *   direction   U = (C + (lambda + eta_2) I)^-1 (dW + eta_2 W), lambda given: for a search over all groups together
 *   step        the search `fixed`: U with the group's own lambda -> KL clip nu over the group -> s = -eta nu U
 *               -> heavy-ball momentum delta = mu delta_0 + s
 * The damping is lambda + eta_2, because the L2 term adds eta_2 I to the curvature. Sums over layers run in the order of theta.
 */
import type { NaturalMethodConfig } from './config.ts';
import type { StatisticsBatch } from './curvature/curvature.ts';
import type { Descent } from './descent/descent.ts';
import { gather, type Group, type GroupInput, type GroupOutput, lengthOf, scatter, type Span } from './group.ts';
import { klScale } from './kl-clip.ts';
import type { LayerReport } from './layer-report.ts';
import { heavyBall } from './momentum.ts';
import { type FloatArray, type Rounds, roundsOf } from './rounds.ts';
import { learningRateAt } from './schedule.ts';
import { scalar, type StateTree } from './state.ts';
import { dot } from './vector.ts';
import { l2Gradient } from './weight-decay.ts';

/** Whether what leaves the optimiser is rounded to float32, as a run's vectors are, or not at all. */
export type Precision = 'float32' | 'float64';

/** A stretch of the group's numbers whose share of the KL divergence is told: a layer. */
export interface GroupPart {
  readonly name: string;
  readonly size: number;
}

/** What a group is made from beside its name and configuration. */
export interface NaturalGroupOptions {
  /** Ascending. */
  readonly spans: readonly Span[];
  /** The group's numbers from first to last. */
  readonly parts: readonly GroupPart[];
  readonly descent: Descent;
  readonly totalSteps: number;
  /** P, the length of theta. */
  readonly size: number;
  readonly precision: Precision;
  /** Whether the search is `fixed`, so that the group gathers momentum itself. */
  readonly ownSearch: boolean;
}

/** What a direction is asked for. */
export interface GroupDirectionInput {
  readonly step: number;
  /** Mean gradient without the L2 term, [n]. */
  readonly gradient: Float64Array;
  readonly parameters: FloatArray;
  /** lambda > 0, without the L2 coefficient. */
  readonly damping: number;
  /** Form inverses anew whatever the cadence says. */
  readonly refresh: boolean;
}

/** A direction of a group. */
export interface GroupDirection {
  /** U, to be subtracted: [n], owned by the caller. */
  readonly direction: Float64Array;
  /** <U, dW + eta_2 W> */
  readonly product: number;
  readonly state: StateTree;
  readonly report: Readonly<Record<string, number>>;
  readonly layers: readonly LayerReport[];
}

/** A group preconditioned by a curvature. State: that of the descent, `batches` of statistics absorbed, and with a search of its own `velocity` [n]. */
export class NaturalGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly config: NaturalMethodConfig;
  readonly #options: NaturalGroupOptions;

  /** Whether it ever wants statistics. */
  readonly usesStatistics: boolean;
  /** Batches of statistics to absorb before the first step. */
  readonly burnIn: number;

  constructor(name: string, config: NaturalMethodConfig, options: NaturalGroupOptions) {
    this.name = name;
    this.spans = options.spans;
    this.config = config;
    this.usesStatistics = config.method === 'cg' ? config.preconditioner !== null : config.method !== 'kernel';
    this.burnIn = 'burnIn' in config ? (config.burnIn ?? 0) : 0;
    this.#options = options;
  }

  initialState(): StateTree {
    const { descent, ownSearch } = this.#options;
    const velocity = ownSearch && { velocity: new Float64Array(lengthOf(this.spans)) };
    return { ...descent.initialState(), batches: scalar(0), ...velocity };
  }

  statisticsDue(step: number, state: StateTree): boolean {
    return this.#options.descent.statisticsDue(step, ofDescent(state));
  }

  /** The state after one more batch of statistics. @throws {MissingStatisticsError | NonFiniteError | StepInputError} naming the layer */
  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    const absorbed = this.#options.descent.absorb(ofDescent(state), batch);
    return { ...state, ...absorbed, batches: scalar(state['batches'][0] + 1) };
  }

  /** The direction at a damping; its state keeps the velocity that it was given. */
  *direction(state: StateTree, input: GroupDirectionInput): Rounds<GroupDirection> {
    const { step, refresh } = input;
    const { descent, parts } = this.#options;
    const { weightDecay } = this.config;
    const gradient = l2Gradient(input.gradient, input.parameters, weightDecay);
    const damping = input.damping + weightDecay;
    const found = yield* roundsOf(
      descent.direction(ofDescent(state), {
        step,
        gradient,
        damping,
        refresh,
        scatter: (vector) => this.#scattered(vector),
        gather: (flat) => this.#gathered(flat),
      }),
    );
    const products = productsOf(parts, found.direction, gradient);
    const product = products.reduce((sum, part) => sum + part, 0);
    const shares = new Map(parts.map(({ name }, i) => [name, product > 0 ? products[i] / product : 0]));
    return {
      direction: found.direction,
      product,
      state: { ...state, ...found.state },
      report: { damping, ...found.report, ...health(found.layers) },
      layers: found.layers.map((row) => ({ ...row, ...shareOf(shares, row) })),
    };
  }

  *step(before: StateTree, input: GroupInput): Rounds<GroupOutput> {
    const { step, gradient, parameters, count, statistics, dampingScale = 1 } = input;
    const { momentum, klClip, learningRate: schedule } = this.config;
    const damping = this.config.damping * dampingScale;
    const state = this.statisticsDue(step, before) ? this.absorb(before, { step, count, statistics }) : before;
    const found = yield* this.direction(state, { step, gradient, parameters, damping, refresh: false });

    const learningRate = learningRateAt(schedule, step, this.#options.totalSteps);
    const nu = klClip === null ? 1 : klScale({ bound: klClip, learningRate, product: found.product });
    const { direction } = found;
    const velocity = heavyBall(direction, state['velocity'], { direction, rate: -learningRate * nu, momentum });
    return {
      update: velocity,
      state: { ...found.state, velocity },
      report: { learningRate, klScale: nu, ...found.report },
      layers: found.layers,
    };
  }

  /** v'C_l v by layer, v [n]; none where the descent has no curvature by layers. */
  layerProducts(state: StateTree, v: Float64Array): ReadonlyMap<string, number> {
    const { descent, parts } = this.#options;
    const product = descent.multiply?.(ofDescent(state), v);
    if (product === undefined) return new Map();
    const products = productsOf(parts, product, v);
    return new Map(parts.map(({ name }, i) => [name, products[i]]));
  }

  /** As rounds broadcast it: over all of theta, in the precision of the run. */
  #scattered(vector: Float64Array): FloatArray {
    const { size, precision } = this.#options;
    const flat = precision === 'float32' ? new Float32Array(size) : new Float64Array(size);
    scatter(vector, this.spans, flat);
    return flat;
  }

  #gathered(flat: ArrayLike<number>): Float64Array {
    return gather(new Float64Array(flat), this.spans);
  }
}

function ofDescent(state: StateTree): StateTree {
  const { velocity: _velocity, batches: _batches, ...descent } = state;
  return descent;
}

/** <a_l, b_l> of each part, in order. */
function productsOf(parts: readonly GroupPart[], a: Float64Array, b: Float64Array): number[] {
  let position = 0;
  return parts.map(({ size }) => {
    const [from, to] = [position, (position += size)];
    return dot(a.subarray(from, to), b.subarray(from, to));
  });
}

function shareOf(shares: ReadonlyMap<string, number>, { layer }: LayerReport): { share?: number } {
  const share = shares.get(layer);
  return share === undefined ? {} : { share };
}

/** The counters of all layers together, and the mean pi of those that have one. */
function health(layers: readonly LayerReport[]): Record<string, number> {
  if (layers.length === 0) return {};
  const pis = layers.flatMap(({ pi }) => (pi === undefined ? [] : [pi]));
  const sumOf = (key: 'fallbacks' | 'clamped' | 'kept'): number => layers.reduce((sum, layer) => sum + layer[key], 0);
  return {
    ...(pis.length > 0 && { meanPi: pis.reduce((sum, pi) => sum + pi, 0) / pis.length }),
    fallbacks: sumOf('fallbacks'),
    clamped: sumOf('clamped'),
    kept: sumOf('kept'),
  };
}
