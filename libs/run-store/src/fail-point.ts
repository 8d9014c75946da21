/**
 * Places at which a process kills itself on purpose (SIGKILL: nothing is flushed, nobody is told), so that tests can crash it at exactly
 * that cut. Chosen by the environment: GEODESIC_FAILPOINT='name[:n]', at the n-th time (default 1). A name may contain colons.
 */

/** The place that GEODESIC_FAILPOINT names: armed until it is reached for the n-th time. */
export class FailPoint {
  readonly #name: string | undefined;
  readonly #crash: () => void;
  #remaining: number;

  /**
   * @param setting `name[:n]`; undefined or empty: no place
   * @param crash default: SIGKILL to this process
   */
  constructor(setting: string | undefined, crash: () => void = () => process.kill(process.pid, 'SIGKILL')) {
    const [, name, count] = /^(.+?)(?::(\d+))?$/.exec(setting ?? '') ?? [];
    this.#name = name;
    this.#remaining = Number(count ?? 1);
    this.#crash = crash;
  }

  /** Counts a visit of a place: whether the process is to end here. Then the caller may leave a mess and calls {@link crash}. */
  isDue(name: string): boolean {
    if (name !== this.#name || this.#remaining === 0) return false;
    this.#remaining--;
    return this.#remaining === 0;
  }

  /** Ends the process at once. */
  crash(): void {
    this.#crash();
  }

  /** Ends the process when this visit is the one. */
  reach(name: string): void {
    if (this.isDue(name)) this.crash();
  }
}

/** The one that this process's environment chose. */
export const processFailPoint: FailPoint = new FailPoint(process.env['GEODESIC_FAILPOINT']);

/** Kills this process when the environment asks for it here. Costs one comparison. */
export function failPoint(name: string): void {
  processFailPoint.reach(name);
}
