/**
 * Who moves. A heartbeat alone proves that a process has a network; that it computes is shown by the slots that it counts and by what it
 * sends. A member with open work that shows neither for long is stalled: it stays a member, and its work goes to others.
 */

interface Movement {
  progress: number;
  at: number;
  isStalled: boolean;
}

/** The progress of one run's members, by name. */
export class ProgressWatch {
  readonly #movements = new Map<string, Movement>();

  /** A worker joins: it counts from wherever its process stands. */
  join(worker: string, at: number): void {
    this.#movements.set(worker, { progress: -1, at, isStalled: false });
  }

  /** A worker is gone. */
  forget(worker: string): void {
    this.#movements.delete(worker);
  }

  /** A worker has sent something that it computed; returns whether it was stalled. */
  moved(worker: string, at: number): boolean {
    const movement = this.#movements.get(worker);
    if (movement === undefined) return false;
    const wasStalled = movement.isStalled;
    movement.at = Math.max(movement.at, at);
    movement.isStalled = false;
    return wasStalled;
  }

  /** A worker says how many slots it has computed; returns whether it was stalled and moves again. */
  report(worker: string, progress: number, at: number): boolean {
    const movement = this.#movements.get(worker);
    if (movement === undefined || progress <= movement.progress) return false;
    movement.progress = progress;
    return this.moved(worker, at);
  }

  /** When a worker last moved, ms. */
  movedAt(worker: string): number {
    return this.#movements.get(worker)?.at ?? 0;
  }

  /** Marks a worker that does not move. */
  stall(worker: string): void {
    const movement = this.#movements.get(worker);
    if (movement) movement.isStalled = true;
  }

  /** Whether a worker has been found not to move. */
  isStalled(worker: string): boolean {
    return this.#movements.get(worker)?.isStalled ?? false;
  }
}
