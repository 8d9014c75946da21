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

/** Where the output gradients of a Fisher matrix come from. */
export type FisherType =
  /** Targets drawn from the model: unbiased, noise 1 / sqrt(examples). The default. */
  | 'sampled'
  /** All backpropagated vectors of the loss' Hessian (type 2): the generalised Gauss-Newton matrix, at one backward pass per output. */
  | 'exact'
  /** The data's own targets: what many call K-FAC; no Fisher matrix. */
  | 'empirical'
  /** No backward pass: S = I. */
  | 'forward';

/** What every method that solves with a curvature has. `learningRate`, `momentum` and `klClip` hold for the search `fixed` only. */
export interface NaturalConfig {
  readonly learningRate: Schedule;
  /** Heavy-ball mu in [0, 1). */
  readonly momentum: number;
  /** Bound kappa > 0 on eta^2 <U, dW> over the group, or null for none. */
  readonly klClip: number | null;
  /** Tikhonov lambda > 0, in units of the curvature of the mean loss; with the search `quadratic` the search's own holds instead. */
  readonly damping: number;
  /** L2 coefficient eta_2 >= 0 of the objective: enters the gradient as eta_2 theta and the damping as lambda + eta_2. */
  readonly weightDecay: number;
}

/** What every method with layer-wise statistics has. */
export interface StatisticsConfig extends NaturalConfig {
  /** Names of registered layers; together they hold exactly the group's parameters. */
  readonly layers: readonly string[];
  /** Decay of the statistics' moving averages in [0, 1), per absorbed batch. */
  readonly factorDecay: number;
  /** Statistics are absorbed at steps 1, 1 + n, 1 + 2n, ... */
  readonly statisticsEvery: number;
  /** Inverses (bases) are refreshed at steps 1, 1 + n, 1 + 2n, ... */
  readonly inverseEvery: number;
  /**
   * Refresh, at these steps, only what has moved by more than this since its last refresh (Curvature.moved); decided from committed
   * statistics, for the next step. Default 0: always.
   */
  readonly inverseWhenMoved?: number;
  /** Batches of statistics absorbed before the first step, each a round; default 0. */
  readonly burnIn?: number;
}

/** Options of curvatures built from (sampled) gradients. */
export interface FisherConfig extends StatisticsConfig {
  /** Default `sampled`. */
  readonly fisher?: FisherType;
  /** Targets drawn per example; `sampled` only. Default 1. */
  readonly samples?: number;
}

/**
 * K-FAC of dense and convolutional layers, embeddings (diagonal A) and norms (unit-wise 2 x 2). The two methods share all arithmetic and
 * differ in what the caller's model puts into S: `kfac` expects gradients of sampled (or given) labels, `metric-kfac` the learned metric.
 */
export interface KfacConfig extends FisherConfig {
  readonly method: 'kfac';
  /**
   * How A (x) S is damped: `pi` factored Tikhonov; `eigenbasis` exactly; `metric` by lambda A (x) M, M the learned metric (form of
   * `metric`), which keeps affine invariance. Default `pi`.
   */
  readonly dampingRule?: 'pi' | 'eigenbasis' | 'metric';
  /** `pi` only: leave these layers' A undamped, such as the input layer's, whose damping breaks invariance under affine maps of inputs. Default none. */
  readonly undampedInputs?: readonly string[];
}

/** K-FAC with the learned metric in the place of S. */
export interface MetricKfacConfig extends StatisticsConfig {
  readonly method: 'metric-kfac';
  /** `pullback` (form II): the metric at the output of the layer's chart, pulled back; `local` (form I): at the layer's own output. Default `pullback`. */
  readonly form?: 'pullback' | 'local';
  readonly dampingRule?: 'pi' | 'eigenbasis';
  /** Use S O / tr S, for metrics whose scale means nothing. Default false. */
  readonly normalizeMetric?: boolean;
}

/** EK-FAC (George et al. 2018): exact second moments in the Kronecker eigenbasis. */
export interface EkfacConfig extends FisherConfig {
  readonly method: 'ekfac';
}

/** The diagonal of the Fisher matrix. */
export interface DiagonalConfig extends FisherConfig {
  readonly method: 'diagonal';
}

/** A dense Fisher block for each layer: O(n^2) memory, O(n^3) to invert; for small layers. */
export interface BlockConfig extends FisherConfig {
  readonly method: 'block';
}

/** The whole Fisher (Gauss-Newton) matrix of the group, matrix-free by preconditioned conjugate gradients, a round for each iteration. */
export interface CgConfig extends NaturalConfig {
  readonly method: 'cg';
  /** At most this many iterations; at least 1. */
  readonly iterations: number;
  /** Stop at |residual| <= tolerance |gradient|, in (0, 1). */
  readonly tolerance: number;
  /**
   * epsilon in [0, 1] of Martens' stop: ends when the last k = max(10, i / 10) of i iterations lowered the quadratic by less than k epsilon of
   * it; 0 for never, as badly conditioned problems need that are to be solved in full. Default 5e-4.
   */
  readonly progress?: number;
  /** zeta in [0, 1]: the warm start is zeta times the last solution. */
  readonly warmStart: number;
  /** K-FAC of these layers as preconditioner (they hold exactly the group's parameters), or null for none. */
  readonly preconditioner: Pick<FisherConfig, 'layers' | 'factorDecay' | 'statisticsEvery' | 'inverseEvery' | 'fisher' | 'samples'> | null;
}

/** The whole Fisher matrix of the group by the kernel trick: a Gram matrix of the batch's examples, from inputs and output gradients only. */
export interface KernelConfig extends NaturalConfig {
  readonly method: 'kernel';
  /** Dense layers without shared positions; together they hold exactly the group's parameters. */
  readonly layers: readonly string[];
  readonly fisher: 'sampled' | 'empirical';
  /** SPRING's mu in [0, 1): momentum inside the proximal problem (Goldshlager et al. 2024). 0: none. */
  readonly spring: number;
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

/** Matrices of a group's parameters: a weight of rank >= 2 counts as [all but the last axis, last axis]; the rest goes by Adam. */
interface MatrixConfig {
  readonly learningRate: Schedule;
  /** Decoupled: theta also moves by -eta weightDecay theta. */
  readonly weightDecay: number;
}

/** SOAP (Vyas et al. 2024): Adam in the eigenbasis of Shampoo. */
export interface SoapConfig extends MatrixConfig {
  readonly method: 'soap';
  readonly beta1: number;
  readonly beta2: number;
  /** Decay of L and R in [0, 1). */
  readonly shampooBeta: number;
  readonly epsilon: number;
  /** Steps between two refreshes of the basis. */
  readonly refreshEvery: number;
  /** Sides above this are not rotated; default 10000, as published. */
  readonly maxDimension?: number;
}

/** Shampoo (Gupta et al. 2018) with grafting (Anil et al. 2020). */
export interface ShampooConfig extends MatrixConfig {
  readonly method: 'shampoo';
  /** Decay of L and R in [0, 1); 1 for sums, as in the paper. */
  readonly beta2: number;
  /** Decay in [0, 1) of the debiased average of gradients that is preconditioned: beta1 of the grafted Adam. */
  readonly momentum: number;
  readonly epsilon: number;
  /** Steps between two refreshes of the roots. */
  readonly refreshEvery: number;
  /** Whose length a step has. */
  readonly graft: 'adam' | 'sgd' | 'none';
  /** The first step (1-based) that is preconditioned; before it the grafted method alone moves. 0 is 1. */
  readonly startStep: number;
  /** Sides above this have no preconditioner. */
  readonly maxDimension: number;
}

/** Muon (Jordan et al. 2024): momentum, orthogonalised by Newton-Schulz; vectors and `adamParameters` go by Adam. */
export interface MuonConfig extends MatrixConfig {
  readonly method: 'muon';
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Newton-Schulz iterations. */
  readonly iterations: number;
  /** Names of parameters of the group that go by Adam though they are matrices, such as first and last layers. */
  readonly adamParameters: readonly string[];
  readonly adamLearningRate: Schedule;
}

/** L-BFGS (Nocedal 1980) with Powell's damping; for full batches. */
export interface LbfgsConfig {
  readonly method: 'lbfgs';
  readonly learningRate: Schedule;
  /** Pairs (s, y) that are kept. */
  readonly history: number;
  /** L2 coefficient >= 0; enters the gradient. */
  readonly weightDecay: number;
}

/** Parameters that stay as they are, to the last bit: they have no state, and their gradients may be zeros. */
export interface FrozenConfig {
  readonly method: 'frozen';
}

/** Methods that solve with a curvature. */
export type NaturalMethodConfig = KfacConfig | MetricKfacConfig | EkfacConfig | DiagonalConfig | BlockConfig | CgConfig | KernelConfig;

/** The method of a group and its options. */
export type MethodConfig =
  NaturalMethodConfig | AdamConfig | SgdConfig | SoapConfig | ShampooConfig | MuonConfig | LbfgsConfig | FrozenConfig;

/**
 * Step size, momentum and damping from the quadratic model of the loss, for all groups together (Martens & Grosse 2015, sections 6.4 and 7):
 * delta = alpha D + mu delta_0 minimises the model with the exact Gauss-Newton matrix; lambda follows Levenberg-Marquardt. Groups must be
 * natural-gradient or frozen ones.
 */
export interface QuadraticSearch {
  readonly rule: 'quadratic';
  /** First lambda > 0. */
  readonly damping: number;
  /** Find the first lambda by repeating the Levenberg-Marquardt rule on the first batch until it stays; at most 30 trials. */
  readonly calibrate: boolean;
  /** T_1: lambda is adapted at steps T_1, 2 T_1, ... from the reduction ratio of that step. */
  readonly adaptEvery: number;
  /** omega in (0, 1), per step: lambda is multiplied or divided by omega^T_1. */
  readonly adaptFactor: number;
  readonly minDamping: number;
  readonly maxDamping: number;
  /** `adaptive`: mu from the model; a number: fixed. */
  readonly momentum: 'adaptive' | number;
  /**
   * Share of the batch's slots, the first ones, that the model's curvature is taken from: 1, 1/2, 1/4, 1/8 or 1/16, at least a slot
   * (Martens & Grosse 2015, section 8, do so, too). Gradient and trials see the whole batch. Default 1.
   */
  readonly modelShare?: number;
  /** Reject steps that raise the objective; costs a trial round a step. Steps to a loss that is not finite are always rejected where a trial is made. */
  readonly reject: boolean;
  /** lambda is multiplied by this at a rejection; > 1. */
  readonly rejectFactor: number;
  /** Rejections in a row after which the run stops. */
  readonly maxRejections: number;
}

/** How far steps go: `fixed` is each group's own learning rate, momentum and KL clip. */
export type SearchConfig = { readonly rule: 'fixed' } | QuadraticSearch;

/** One optimiser group: a method and the exact names of the parameters that it moves. */
export type GroupConfig = { readonly name: string; readonly parameters: readonly string[] } & MethodConfig;

/** What a layer is. */
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
  /** T, positions of an example that share the weight; default 1. */
  readonly positions?: number;
  /** The input factor is the same at every step (whole batch, raw features): it is sent and absorbed once. Default false. */
  readonly constantInputs?: boolean;
}
