/** The coordinator as a library: for tests, and for programs that host one in their own process. */
export { CoordinatorError } from './errors.ts';
export type { CoordinatorErrorCode, ErrorReport } from './errors.ts';
export { EXIT } from './exit-code.ts';
export type { ExitCode } from './exit-code.ts';
export type { RunMeta, RunTrainer, TrainerFactory } from './run-meta.ts';
export type { FinishedData, RunResult, RunState } from './run-result.ts';
export { startCoordinator } from './start-coordinator.ts';
export type { Coordinator, StartOptions } from './start-coordinator.ts';
export { isCompletionTold } from './told-end.ts';
