/**
 * The exit codes of `geo`: part of its interface, listed in `geo --help` and in the README of this app.
 */

/** What an exit code of `geo` means; scripts may rely on the numbers. */
export const EXIT = {
  /** The command did what it was asked to. */
  ok: 0,
  /** The run failed, or a check of `geo doctor` did. */
  failed: 1,
  /** The command line, the spec or a folder named in them cannot be used. */
  usage: 2,
  /** The cluster cannot be reached: a port in use, a coordinator that did not start or died. */
  unreachable: 3,
  /** Ctrl-C, SIGTERM, or a stop asked for by someone else. */
  interrupted: 4,
  /** A mistake in Geodesic itself. */
  internal: 70,
  /** Ctrl-C of a command that only looks on, as shells count it. */
  lookedAway: 130,
} as const;

/** One of the numbers of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
