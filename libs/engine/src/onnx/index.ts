/**
 * @geodesic/engine/onnx: graphs as ONNX models, and the native executor that runs them.
 */
export { emitOnnx } from './emit.ts';
export { onnxCpuExecutor, probeOnnx, type OnnxCpuOptions, type OnnxProbe } from './executor.ts';
export type { Precision } from './writer.ts';
