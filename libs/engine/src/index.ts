/**
 * @geodesic/engine: graphs, their derivatives, their reference interpreter. The model language is @geodesic/engine/trace,
 * the native executor @geodesic/engine/onnx.
 */
export { bundleDigest, decodeBundle, encodeBundle } from './bundle.ts';
export type {
  Bundle,
  GroupEntry,
  Initializer,
  LayerEntry,
  ParameterEntry,
  PhaseProgram,
  RandomInput,
  StateEntry,
  StateRule,
  SumEntry,
} from './bundle.ts';
export { canonicalJson } from './canonical-json.ts';
export {
  BundleError,
  ClosedError,
  CoupledExamplesError,
  GraphError,
  GraphFormatError,
  KernelError,
  ProgramInputError,
  SpliceError,
  UnsupportedKernelError,
} from './errors.ts';
export { evaluate, type NamedTensors } from './evaluate.ts';
export type { Executor, Fingerprint, Program } from './executor.ts';
export { Expressions } from './expressions.ts';
export { GraphBuilder } from './graph-builder.ts';
export type { Attributes, AttributeValue, Graph, GraphNode, NamedValue, ValueType } from './graph.ts';
export { kernelNames } from './kernels/registry.ts';
export { packSums, readSums, sumsLength } from './phase-sums.ts';
export { referenceExecutor } from './reference-executor.ts';
export { checkRowIndependence, type RowIndependenceOptions } from './row-independence.ts';
export { graphDigest, graphFromJson, graphToJson, parseGraph, serializeGraph } from './serialize.ts';
export { spliceGraph, type Spliced } from './splice.ts';
export { findTaps, type FoundTap } from './taps.ts';
export { vjp, type Seed } from './vjp.ts';
