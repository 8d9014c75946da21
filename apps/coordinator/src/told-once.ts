/**
 * What has been told of a run, for as long as it may be told again. While a run is taken up again that is all of it: steps from the log, and
 * what is made again from a checkpoint. Afterwards it is what belongs to the last committed step (its evaluations come later) and the one in
 * progress (a repeated attempt refreshes again, and so did the coordinator before), so that the memory for it does not grow with the run.
 */

/** Remembers what was told. */
export class ToldOnce {
  /** Steps by identity. */
  readonly #steps = new Map<string, number>();
  #isRecovering = false;

  /** Things that are remembered. */
  get size(): number {
    return this.#steps.size;
  }

  /** Whether this has not been told before; it has from now on. */
  tell(identity: string, step: number): boolean {
    if (this.#steps.has(identity)) return false;
    this.#steps.set(identity, step);
    return true;
  }

  /** An earlier coordinator told this: nothing is forgotten until the run has recovered. */
  found(identity: string, step: number): void {
    this.#isRecovering = true;
    this.#steps.set(identity, step);
  }

  /** The parameters stand at the head of the log again, after `step`. */
  recovered(step: number): void {
    this.#isRecovering = false;
    this.committed(step);
  }

  /** A step is durable: nothing of an earlier one is told again, unless the run has still to recover. O(what is remembered) */
  committed(step: number): void {
    if (this.#isRecovering) return;
    for (const [identity, told] of this.#steps) if (told < step) this.#steps.delete(identity);
  }
}
