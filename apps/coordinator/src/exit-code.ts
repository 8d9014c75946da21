/** The exit codes of the coordinator process: a contract with whoever starts it (CLI, Kubernetes). */
export const EXIT = {
  /** The run is over (completed, stopped), or the process was asked to leave. */
  ok: 0,
  /** Try again: nothing is wrong that time would not heal. */
  retryable: 1,
  /** The command line is wrong. */
  usage: 64,
  /** The submitted bundle cannot be run (with --once), or the training itself failed. */
  data: 65,
  /** A defect. */
  internal: 70,
  /** The environment is wrong: port in use, folder not writable. */
  configuration: 78,
} as const;

/** One of the documented codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
