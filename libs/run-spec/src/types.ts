/**
 * What a run is: the shape of a validated run spec, every default filled in.
 * Times are milliseconds, sizes are examples, shares lie in [0, 1]. The frozen spec (`FrozenRunSpec`) also holds its optimiser groups;
 * together with the data and the numeric fingerprint it decides every bit of the result.
 */
import type { DataSpec } from './data-types.ts';
import type { GroupSpec, OptimizerSpec } from './optimizer-types.ts';

/** Low-rank metric of each chart: rank r, basis size q, hidden width of the metric net. */
export interface MetricSpec {
  /** Rank r of the low-rank part; default 8. */
  readonly rank: number;
  /** Number q of basis matrices shared by all points; default 4. */
  readonly basis: number;
  /** Hidden width of the metric net; default 32. */
  readonly hidden: number;
}

/** The Neural Differential Manifold classifier: a linear stem, chart blocks that each carry a metric, a linear head. */
export interface NdmClassifierSpec {
  readonly recipe: 'ndm-classifier';
  /** Dimension of the charts, at least 2; default 32. */
  readonly width: number;
  /** Number of chart blocks; default 4. */
  readonly blocks: number;
  /** Hidden width of the coupling nets; default 64. */
  readonly hidden: number;
  /** Householder reflections a block; default 2. */
  readonly reflections: number;
  /** Bound on a coupling's log scale (`s_max`); default 2. */
  readonly scaleMax: number;
  readonly metric: MetricSpec;
}

/** A plain multi-layer perceptron classifier. */
export interface MlpClassifierSpec {
  readonly recipe: 'mlp-classifier';
  /** Hidden widths in order, possibly none; default [64, 32]. */
  readonly hidden: readonly number[];
  /** Default tanh. */
  readonly activation: 'tanh' | 'relu';
}

/** Convolutions 3 x 3 with relu and max-pooling, then dense layers; examples are square grey images. */
export interface CnnClassifierSpec {
  readonly recipe: 'cnn-classifier';
  /** Filters of each convolution, at least one; default [16, 32]. */
  readonly filters: readonly number[];
  /** Widths of the dense layers with relu before the last one; default none. */
  readonly hidden: readonly number[];
  /** Ghost batch norm, over the examples of a slot; default false. */
  readonly batchNorm: boolean;
}

/** A transformer over the values of an example as a sequence of tokens: their grey levels. */
export interface TransformerClassifierSpec {
  readonly recipe: 'transformer-classifier';
  /** Levels that values in [0, 1] are rounded to, each a token; default 17. */
  readonly levels: number;
  /** Width of a token; a multiple of heads; default 32. */
  readonly width: number;
  /** Default 2. */
  readonly blocks: number;
  /** Default 4. */
  readonly heads: number;
  /** Rate of dropout, in [0, 1); default 0. */
  readonly dropout: number;
}

/** A deep autoencoder of features in [0, 1]. */
export interface AutoencoderSpec {
  readonly recipe: 'autoencoder';
  /** Widths on the way down, the code last; the way up mirrors them; default [250, 100, 30]. */
  readonly hidden: readonly number[];
  /** Default tanh. */
  readonly activation: 'tanh' | 'relu';
}

/** A model that is built by a recipe of Geodesic. */
export type RecipeSpec = NdmClassifierSpec | MlpClassifierSpec | CnnClassifierSpec | TransformerClassifierSpec | AutoencoderSpec;

/** A model that an ES module of the user exports. */
export interface ModuleModelSpec {
  /** Path of the module, relative to the folder of the spec. */
  readonly module: string;
  /** Handed to the module's function `model`; default {}. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of the module and the files that it imports, 'sha256:<hex>'; written when the spec is frozen, and checked where it is given. */
  readonly digest?: string;
}

/** A tf.LayersModel in files: model.json and weight shards. */
export interface LayersModelSpec {
  /** Path of model.json, relative to the folder of the spec. */
  readonly layersModel: string;
  /** Path of a module that registers the model's own layer classes. */
  readonly customLayers?: string;
  /** What it is trained for: the classes of the data, or its own input; default classification. */
  readonly task: 'classification' | 'autoencoder';
  /** Of all files, 'sha256:<hex>'; written when the spec is frozen, and checked where it is given. */
  readonly digest?: string;
}

/** A model that the user brings. */
export type UserModelSpec = ModuleModelSpec | LayersModelSpec;

export type ModelSpec = RecipeSpec | UserModelSpec;

/** The global batch and the fixed micro-batches (slots) that it is made of. */
export interface BatchSpec {
  /** Examples in one step's global batch. */
  readonly examples: number;
  /** Slots V, a power of two; default the largest that leaves at least 64 examples a slot. Growing batches have more slots, not larger ones. */
  readonly slots: number;
  /** Absent: every batch has `examples`. */
  readonly growth?: BatchGrowth;
}

/** Exponential growth of the batch from `examples` at step 1 (Martens & Grosse 2015, section 13: for less noise near the end). */
export interface BatchGrowth {
  /** Examples from step `steps` + 1 on; at least `examples`. */
  readonly to: number;
  /** Steps over which it grows, at least 1. */
  readonly steps: number;
}

/** The task's loss: softmax cross-entropy. */
export interface LossSpec {
  /** Share of a label's probability that is spread evenly over all classes while training, in [0, 1); default 0. */
  readonly labelSmoothing: number;
}

/** Weights of the geometric terms of the dual objective (NDM only). */
export interface ObjectiveSpec {
  /** Weight of the Fisher anchor; default 0.1. */
  readonly anchor: number;
  /** Weight of the volume distortion; default 0.01. */
  readonly volume: number;
  /** Share of the run over which the volume weight rises linearly from 0; default 0.1. */
  readonly volumeWarmup: number;
}

/** How the local cluster is run; it never changes a result, so the digest leaves it out. */
export interface ClusterSpec {
  /** Worker processes of a local cluster; default 2. */
  readonly workers: number;
  /** A worker that is silent for this many milliseconds is lost; default 3000. */
  readonly leaseMs: number;
  /** Milliseconds between two heartbeats; default 1000. */
  readonly heartbeatMs: number;
  /** Times that local worker processes that died are started again, in all; as often the coordinator, counted apart. Default 3. */
  readonly maxRestarts: number;
  /** First pause of a worker whose contributions were found corrupt, milliseconds; it doubles up to ten times as much. Default 10000. */
  readonly quarantineMs: number;
  /** Whether slots of a worker that is late are given to a second one, too; default true. */
  readonly backup: boolean;
  /** Whether round totals are kept beside the commit log, for a quick recovery; default true. */
  readonly journal: boolean;
}

/** Which checkpoints stay: those that any rule keeps, and all where there is none. The first and the last one of a run always stay. */
export interface KeepSpec {
  /** The newest so many, at least 1. */
  readonly last?: number;
  /** Those of steps that are multiples of this. */
  readonly every?: number;
  /** So many with the lowest validation loss, at least 1. */
  readonly best?: number;
}

/** When checkpoints are written, and which of them stay. */
export interface CheckpointSpec {
  /** Steps between two checkpoints, 0 for only at the start and the end; default 50. */
  readonly every: number;
  /** Default {}: all. It decides no bits and is not part of the run's digest. */
  readonly keep: KeepSpec;
}

/** What a run may do under `exactness: relaxed`. */
export interface RelaxedSpec {
  /**
   * Share of the slots, in (0, 1], with which a round may be closed once its deadline has passed; the others are dropped, by name in the
   * log. Absent: every slot is waited for.
   */
  readonly quorum?: number;
}

/** Where parameters get their first values, other than from the seed. */
export interface InitSpec {
  /**
   * A checkpoint's folder, or its parameters.safetensors, seen from the spec's own folder. Where it lies is not part of the run's digest;
   * what it holds is.
   */
  readonly checkpoint: string;
  /** Parameter -> name in the checkpoint, where they differ. */
  readonly map: Readonly<Record<string, string>>;
  /** Default true: every parameter must be there. False: the others are initialised as usual. */
  readonly strict: boolean;
  /** `sha256:` of the safetensors file; written when the run is submitted, and checked when it is there already. */
  readonly digest?: string;
}

/** A validated run spec. Exactly one of `steps` and `epochs` is present; `objective` is present for NDM recipes only. */
export interface RunSpec {
  readonly name: string;
  readonly seed: number;
  readonly model: ModelSpec;
  readonly data: DataSpec;
  readonly batch: BatchSpec;
  readonly steps?: number;
  readonly epochs?: number;
  readonly loss: LossSpec;
  readonly objective?: ObjectiveSpec;
  readonly init?: InitSpec;
  readonly optimizer: OptimizerSpec;
  /** Steps between two evaluations, 0 for only at the end; default 10. */
  readonly evaluate: { readonly every: number };
  readonly checkpoint: CheckpointSpec;
  /** What computes; `auto` is resolved once, when the run's bundle is made. */
  readonly engine: 'auto' | 'onnx-cpu' | 'onnx-webgpu' | 'onnx-cuda' | 'tfjs-node-gpu' | 'tfjs-node' | 'tfjs-wasm' | 'reference';
  readonly precision: 'float32';
  /** What the operands of products and convolutions are rounded to; parameters and sums stay float32. Default float32: no rounding. */
  readonly compute: 'float32' | 'bfloat16' | 'float16';
  /**
   * What inverts matrices at the coordinator: auto (default) is WebAssembly for large ones and TypeScript for small ones, whose bits are
   * those of `plain` and `wasm` but for eigenvectors of clamped factors; lapack is a library of that host, with bits of its own.
   */
  readonly linalg: 'auto' | 'plain' | 'wasm' | 'lapack';
  /** exact (default): equal bits on any number of workers; relaxed: executors whose bits may differ from run to run are taken, too. */
  readonly exactness: 'exact' | 'relaxed';
  /** Present under `exactness: relaxed` only. */
  readonly relaxed?: RelaxedSpec;
  readonly cluster: ClusterSpec;
}

/** A run spec that leaves nothing open: deeply frozen, its optimiser groups written out. */
export type FrozenRunSpec = RunSpec & { readonly optimizer: OptimizerSpec & { readonly groups: readonly GroupSpec[] } };
