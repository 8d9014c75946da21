/**
 * @geodesic/engine/executors: which executors are here, which one suits a run, and how fast each is.
 */
export { engineNames, type EngineName, type ExecutorOptions, type Presence, type TfjsExecutorName } from './catalogue.ts';
export { openExecutor, probeExecutors, resolveEngine, type EngineNeeds, type ExecutorProbe } from './executors.ts';
export { measureExecutor, type Measurement } from './measure.ts';
