/**
 * @geodesic/engine/onnx: graphs as ONNX models, and the native executors that run them.
 */
export { cpuCapabilities, cudaCapabilities, webgpuCapabilities, type Capabilities, type Element } from './capabilities.ts';
export { emittedOperations, emitOnnx, type EmitOptions } from './emit.ts';
export { onnxCpuExecutor, onnxCudaExecutor, onnxWebgpuExecutor, type OnnxCpuOptions } from './executor.ts';
export { probeOnnx, type OnnxProbe } from './probe.ts';
export type { Fallback, OnnxExecutorName } from './providers.ts';
export type { Precision } from './writer.ts';
