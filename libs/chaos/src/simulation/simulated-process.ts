/** A process of the simulation: it lives, may be stopped for a while (what comes then waits), and dies in the middle of anything. */

import type { CutPoint } from './cut-point.ts';

/** Thrown where a process dies; caught by the world and nobody else. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
  readonly place: CutPoint;

  constructor(place: CutPoint) {
    super(place);
    this.place = place;
  }
}

/** What every process has. */
export abstract class SimulatedProcess {
  readonly name: string;
  isDead = false;
  /** Stopped, as by SIGSTOP. */
  isPaused = false;
  readonly #backlog: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Whether it can do something now. */
  get isAwake(): boolean {
    return !this.isDead && !this.isPaused;
  }

  /** Does it now, after it is continued, or never. */
  enter(callback: () => void): void {
    if (this.isDead) return;
    if (this.isPaused) this.#backlog.push(callback);
    else callback();
  }

  /** What it has missed while it was stopped, in order. */
  takeBacklog(): (() => void)[] {
    return this.#backlog.splice(0);
  }
}
