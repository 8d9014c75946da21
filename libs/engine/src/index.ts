/**
 * @geodesic/engine: graphs, their derivatives, their reference interpreter. The model language is @geodesic/engine/trace,
 * the native executor @geodesic/engine/onnx.
 */
export { blockInputName, blockProgram } from './block-program.ts';
export { bundleDigest, decodeBundle, encodeBundle, stateLayout } from './bundle.ts';
export type {
  Bundle,
  FactorCodec,
  GroupEntry,
  LayerEntry,
  ParameterEntry,
  PhaseProgram,
  RandomInput,
  RowsEntry,
  StateEntry,
  StateRule,
  SumEntry,
} from './bundle.ts';
export { canonicalJson } from './canonical-json.ts';
export {
  BundleError,
  ClosedError,
  CoupledExamplesError,
  ExecutorError,
  GraphError,
  GraphFormatError,
  KernelError,
  ProgramInputError,
  SpliceError,
  UnsupportedKernelError,
} from './errors.ts';
export { evaluate, type NamedTensors } from './evaluate.ts';
export { isDeviceExecutor, type DeviceExecutor, type DeviceProgram, type DeviceValue } from './device.ts';
export type { Executor, Fingerprint, Program } from './executor.ts';
export { Expressions } from './expressions.ts';
export { findNonFinite, type NonFinite, type NonFiniteOptions, type OperandRange } from './find-non-finite.ts';
export { GraphBuilder, type GraphBuilderOptions } from './graph-builder.ts';
export type { Attributes, AttributeValue, Graph, GraphNode, NamedValue, ValueType } from './graph.ts';
export { readStoredValues, storedValues, type Initializer } from './initializer.ts';
export { jvp, type TangentSeed } from './jvp.ts';
export { kernelNames } from './kernels/registry.ts';
export { coupledNewtonRoot, newtonSchulzInverse, type CoupledNewtonOptions, type NewtonSchulzOptions } from './matrix-roots.ts';
export { codecOf, packRows, packSums, programSumsLength, readSums, sumsLength, type PackedRows, type SumsTable } from './phase-sums.ts';
export { gaussNewtonVector, hessianVector, type GaussNewtonVectorOptions, type HessianVectorOptions } from './products.ts';
export { referenceExecutor } from './reference-executor.ts';
export { checkRowIndependence, type RowIndependenceOptions } from './row-independence.ts';
export { graphDigest, graphFromJson, graphToJson, parseGraph, serializeGraph } from './serialize.ts';
export { spliceGraph, type Spliced } from './splice.ts';
export { findTaps, type FoundTap } from './taps.ts';
export { thetaSlices } from './theta-slices.ts';
export { vjp, type Seed } from './vjp.ts';
export { withComputeType } from './passes/with-compute-type.ts';
export type { HalfFormat } from './kernels/round-to.ts';
