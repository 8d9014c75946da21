/**
 * A bundle is what a run ships instead of code: the frozen run spec, tables of parameters, layers and committed state,
 * and one program (graph with a description of its inputs and outputs) for each phase of a step.
 *
 * Graph inputs (only those that a program uses):
 *   theta [P]     parameters, flat, in layout order; a layer's weight [I, O] is followed by its bias [O]
 *   state [Q]     committed non-trainable state and schedules, one entry of the table after the other
 *   x [B, ...]    features; y [B, ...] targets (labels: int32 [B]); weight [B] 1 for an example, 0 for a padding row
 *   random inputs [B, k], filled for each example from (run seed, purpose, step, ordinal of the example in the step)
 *   vector:<name> a vector that the round is broadcast with; previous [P] the last committed change of theta
 * Graph outputs:
 *   examples [B, E]   scalars of each example (columns are named), already multiplied by its weight
 *   sum:<name>        sums over the slot's examples, never means
 *   rows:<name>       [B, width] gathered by ordinal
 *
 * The encoding is canonical JSON, so equal bundles have equal bytes and one digest.
 */
import { createHash } from 'node:crypto';
import { makeLayout, type FactorCodecKind, type Layout, type Shape } from '@geodesic/tensor';
import { BundleError } from './errors.ts';
import type { Graph } from './graph.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Initializer } from './initializer.ts';
import { graphFromJson, graphToJson } from './serialize.ts';

/** One trainable tensor. */
export interface ParameterEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
}

/**
 * A layer whose inputs a and output gradients g are captured. Its weight counts as a matrix [I, O]: z = [a; 1] W at every position.
 *   dense      W [I, O]
 *   conv       W [kh, kw, C, O], I = kh kw C; a are the patches, positions the pixels of the output
 *   embedding  W [I, O], I ids; a is the one-hot vector of an id
 *   norm       W [O] is the gain, I = 1; a is the normalised value
 */
export interface LayerEntry {
  readonly name: string;
  readonly kind: 'dense' | 'conv' | 'embedding' | 'norm';
  /** I, without the homogeneous coordinate. */
  readonly inputs: number;
  /** O. */
  readonly outputs: number;
  readonly bias: boolean;
  /** Name of the weight; the bias [O], if any, is the next parameter. */
  readonly weight: string;
  /** T, the positions of an example that share the weight; 1 for none. */
  readonly positions: number;
  /** What curvature makes of the positions: `expand` treats each as a case of its own, `reduce` adds them up first; `none` has one. */
  readonly sharing: 'none' | 'expand' | 'reduce';
  /** The layer's input factor is the same at every step: it is sent once. Default false. */
  readonly constantInputs?: boolean;
}

/** How a committed state value changes at each commit. */
export type StateRule =
  /** Debiased moving average of the mean of a column of `examples`, never below `floor`. */
  | { readonly kind: 'moving-average'; readonly column: string; readonly decay: number; readonly floor: number }
  /** target * min(1, step / steps): a linear warm-up. */
  | { readonly kind: 'warmup'; readonly target: number; readonly steps: number }
  /** Debiased moving average of a phase's `sum:<sum>` divided by the count of examples: a batch norm's running moments. */
  | { readonly kind: 'moving-average-of-sum'; readonly sum: string; readonly decay: number };

/** One entry of the state vector; its values stand there one after the other, row-major. */
export interface StateEntry {
  readonly name: string;
  /** Default []: one number. */
  readonly shape?: Shape;
  /** First value of every number. */
  readonly initial: number;
  readonly rule: StateRule;
}

/** Where each entry of a state table stands in the state vector [Q]. */
export function stateLayout(table: readonly StateEntry[]): Layout {
  return makeLayout(table.map(({ name, shape = [] }) => ({ name, shape })));
}

/** A per-example random input [B, width]. */
export interface RandomInput {
  readonly name: string;
  readonly purpose: string;
  readonly distribution: 'uniform' | 'normal';
  readonly width: number;
}

/** A sum that leaves the graph; symmetric ones travel as their upper triangle. */
export interface SumEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly symmetric: boolean;
  /** How the sum is rounded at the phase's `codecLevel` of the tree; symmetric sums only. Default: not at all. */
  readonly codec?: FactorCodec;
}

/** Lossy codecs of symmetric factors: see the codecs of @geodesic/tensor. */
export type FactorCodec = FactorCodecKind;

/** A graph output `rows:<name>` [B, width] that is gathered instead of added: each example's row at its ordinal in the step. */
export interface RowsEntry {
  readonly name: string;
  readonly width: number;
}

/** The program of one phase. */
export interface PhaseProgram {
  readonly graph: Graph;
  /** Names of the columns of the output `examples`. */
  readonly columns: readonly string[];
  readonly sums: readonly SumEntry[];
  readonly random: readonly RandomInput[];
  /** Gathered outputs; in the vector of sums they stand after the sums, as tables [N, width] over the N rows of all slots. Default none. */
  readonly rows?: readonly RowsEntry[];
  /** Level of the tree at which coded sums are rounded; default 0, the slot. */
  readonly codecLevel?: number;
}

/** A curvature or first-order group of parameters, as the optimiser is told. */
export interface GroupEntry {
  readonly name: string;
  readonly method: string;
  readonly parameters: readonly string[];
  readonly layers: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Everything that coordinator and workers need of a run. */
export interface Bundle {
  readonly version: 1;
  /** The frozen run spec, as JSON. */
  readonly spec: unknown;
  readonly slotSize: number;
  readonly parameters: readonly ParameterEntry[];
  readonly layers: readonly LayerEntry[];
  readonly state: readonly StateEntry[];
  readonly groups: readonly GroupEntry[];
  /** How far steps go; absent: by each group's own learning rate. */
  readonly search?: Readonly<Record<string, unknown>>;
  /** Programs by phase: `grad`, `eval`, `init` where a model initialises from data, and what the optimiser's rounds ask for. */
  readonly phases: Readonly<Record<string, PhaseProgram>>;
  /** From the sums of `init` to parameters: inputs `count` and `sum:<name>`, outputs `parameter:<name>`. */
  readonly finishInit?: Graph;
}

/** Encodes a bundle as canonical JSON bytes. */
export function encodeBundle(bundle: Bundle): Uint8Array {
  const phases = Object.fromEntries(
    Object.entries(bundle.phases).map(([name, phase]) => [name, { ...phase, graph: graphToJson(phase.graph) }]),
  );
  const finishInit = bundle.finishInit && { finishInit: graphToJson(bundle.finishInit) };
  return new TextEncoder().encode(canonicalJson({ ...bundle, phases, ...finishInit }));
}

/**
 * Decodes and checks a bundle.
 * @throws {BundleError} when the bytes are not a bundle of this version, or {GraphFormatError} for a bad graph
 */
export function decodeBundle(bytes: Uint8Array): Bundle {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>;
  } catch (error) {
    throw new BundleError('bytes', 'canonical JSON', error instanceof Error ? error.message : String(error));
  }
  if (json.version !== 1) throw new BundleError('version', '1', String(json.version));
  for (const field of ['parameters', 'layers', 'state', 'groups'] as const)
    if (!Array.isArray(json[field])) throw new BundleError(field, 'an array', typeof json[field]);
  if (typeof json.phases !== 'object' || json.phases === null) throw new BundleError('phases', 'an object', typeof json.phases);
  const phases = Object.fromEntries(
    Object.entries(json.phases).map(([name, phase]) => [
      name,
      { ...(phase as PhaseProgram), graph: graphFromJson((phase as PhaseProgram).graph) },
    ]),
  );
  if (!phases.grad) throw new BundleError('phases.grad', 'a program', 'none');
  const finishInit = json.finishInit === undefined ? {} : { finishInit: graphFromJson(json.finishInit) };
  return { ...(json as unknown as Bundle), phases, ...finishInit };
}

/** The content address of encoded bundle bytes: 'sha256:<hex>'. */
export function bundleDigest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
