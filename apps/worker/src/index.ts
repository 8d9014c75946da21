/** The worker as a library: for tests, and for programs that host one in their own process. */
export { WorkerError } from './errors.ts';
export type { WorkerErrorCode } from './errors.ts';
export { EXIT } from './exit-code.ts';
export type { ExitCode } from './exit-code.ts';
export { runWorker } from './worker.ts';
export type { WorkerOptions } from './worker.ts';
