/** The exit codes of the worker process: a contract with whoever starts it (CLI, Kubernetes). */
export const EXIT = {
  /** The run is over, or the process was asked to leave. */
  ok: 0,
  /** Try again: the coordinator cannot be reached. */
  retryable: 1,
  /** The command line is wrong. */
  usage: 64,
  /** The run's bundle cannot be computed here. */
  data: 65,
  /** A defect, or this process computes other bits than the coordinator. */
  internal: 70,
  /** The coordinator refused this worker: another version or another kind of machine. */
  configuration: 78,
} as const;

/** One of the documented codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
