/**
 * What a caller says: optimiser groups, schedules and the registration of layers. Types only; `config-checks.ts` validates them.
 * Symbols: eta learning rate, lambda damping, kappa KL bound, mu momentum, I inputs and O outputs of a dense layer.
 */

/** How the learning rate goes with the step; see {@link learningRateAt}. */
export interface Schedule {
  /** Rate reached at the end of the warm-up. */
  readonly initial: number;
  /** Rate of the last step; ignored by `constant`. */
  readonly final: number;
  /** Steps of linear rise from initial / warmupSteps to initial; 0 for none. */
  readonly warmupSteps: number;
  readonly shape: 'constant' | 'linear' | 'cosine';
}

/**
 * K-FAC of dense and convolutional layers. The two methods share all arithmetic and differ in what the caller's model puts into S:
 * `kfac` expects gradients of sampled (or given) labels, `metric-kfac` the learned metric (E[g], or its sampled cotangents).
 */
export interface KfacConfig {
  readonly method: 'kfac' | 'metric-kfac';
  /** Names of registered layers; together they hold exactly the group's parameters. */
  readonly layers: readonly string[];
  readonly learningRate: Schedule;
  /** Heavy-ball mu in [0, 1). */
  readonly momentum: number;
  /** Tikhonov lambda > 0, in units of the curvature of the mean loss. */
  readonly damping: number;
  /** Bound kappa > 0 on eta^2 <U, dW> over the group, or null for none. */
  readonly klClip: number | null;
  /** Decay of the factors' moving averages in [0, 1), per absorbed batch of statistics. */
  readonly factorDecay: number;
  /** Statistics are absorbed at steps 1, 1 + n, 1 + 2n, ... */
  readonly statisticsEvery: number;
  /** Inverses are refreshed at steps 1, 1 + n, 1 + 2n, ... */
  readonly inverseEvery: number;
  /** L2 coefficient eta_2 >= 0 of the objective: enters the gradient as eta_2 theta and the damping as lambda + eta_2. */
  readonly weightDecay: number;
  /** `metric-kfac` only: use S O / tr S, for metrics whose scale means nothing. Default false. */
  readonly normalizeMetric?: boolean;
}

/** Adam with decoupled weight decay (AdamW). */
export interface AdamConfig {
  readonly method: 'adam';
  readonly learningRate: Schedule;
  /** Decay of the first moment in [0, 1). */
  readonly beta1: number;
  /** Decay of the second moment in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the second moment; > 0. */
  readonly epsilon: number;
  /** Decoupled: theta also moves by -eta weightDecay theta. */
  readonly weightDecay: number;
}

/** Stochastic gradient descent with heavy-ball or Nesterov momentum. */
export interface SgdConfig {
  readonly method: 'sgd';
  readonly learningRate: Schedule;
  /** mu in [0, 1). */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** L2 coefficient >= 0; enters the gradient. */
  readonly weightDecay: number;
}

/** Parameters that stay as they are, to the last bit: they have no state, and their gradients may be zeros. */
export interface FrozenConfig {
  readonly method: 'frozen';
}

/** The method of a group and its options. */
export type MethodConfig = KfacConfig | AdamConfig | SgdConfig | FrozenConfig;

/** One optimiser group: a method and the exact names of the parameters that it moves. */
export type GroupConfig = { readonly name: string; readonly parameters: readonly string[] } & MethodConfig;

/** What a layer is; K-FAC takes dense and convolutional ones. */
export type LayerKind = 'dense' | 'conv' | 'embedding' | 'norm';

/**
 * A layer that may be preconditioned. Its weight [I, O] (a filter [kh, kw, C, O] counts as [kh kw C, O]) and, with a bias, its bias [O]
 * stand together in theta, so that they form one row-major matrix [I + 1, O] whose last row belongs to the homogeneous coordinate.
 */
export interface LayerRegistration {
  readonly name: string;
  /** Default `dense`. */
  readonly kind?: LayerKind;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
  /** Position of the weight's first entry in theta. */
  readonly offset: number;
}
