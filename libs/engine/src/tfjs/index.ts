/**
 * @geodesic/engine/tfjs: graphs on the backends of TensorFlow.js.
 */
export { tfjsCapabilities, type TfjsBackendName, type TfjsCapabilities } from './capabilities.ts';
export { tfjsExecutor } from './executor.ts';
export { plannedKernels, planTfjs } from './lower.ts';
export { planDigest, type Plan, type Step } from './plan.ts';
