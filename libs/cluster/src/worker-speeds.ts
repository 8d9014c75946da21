/**
 * How fast workers are, relative to each other: 1 is the typical worker, 10 one that takes ten times as long for a slot. Measured in
 * whatever phase it was, divided by what is typical there. It decides how many slots a worker is asked for, never what they are.
 */

/** Weight of a new sample in the moving average: of a slower one, which may be a hiccup, and of a faster one, which cannot. */
const SLOWER = 0.3;
const FASTER = 0.6;
/** Workers that differ by less are asked for equally much: even shares make the fewest blocks. */
const EVEN = 1.5;
const SLOWEST = 50;
/** Rounds without a share after which a slow worker is asked for one slot, to see whether it still is slow. */
const PROBE_ROUNDS = 20;
/** Times that a worker is measured before its measure is worth much: its first shares wait for its programs to be compiled. */
const WARMING = 4;
/** Names that are remembered. */
const MAX_WORKERS = 1024;

interface Speed {
  relative: number | undefined;
  askedIn: number;
  /** Times that it was measured. */
  measured: number;
}

/** The speeds of one run's workers, by name: a worker that comes back is as fast as it was. */
export class WorkerSpeeds {
  readonly #speeds = new Map<string, Speed>();
  #round = 0;

  /** A new round begins. */
  beginRound(): void {
    this.#round += 1;
  }

  /** A worker has been asked for something in this round. */
  asked(worker: string): void {
    this.#of(worker).askedIn = this.#round;
  }

  /** A worker's share took so many times what is typical. */
  observe(worker: string, relative: number): void {
    const speed = this.#of(worker);
    const sample = bounded(relative);
    const before = speed.relative ?? sample;
    const faster = speed.measured < WARMING ? 1 : FASTER;
    speed.relative = before + (sample > before ? SLOWER : faster) * (sample - before);
    speed.measured += 1;
  }

  /** A worker's share would have taken at least so many times what is typical: others were done before. */
  observeAtLeast(worker: string, relative: number): void {
    const speed = this.#of(worker);
    speed.relative = Math.max(speed.relative ?? 1, bounded(relative));
    speed.measured += 1;
  }

  /** What a slot costs at a worker, 1 for all that are typical. */
  cost(worker: string): number {
    const relative = this.#speeds.get(worker)?.relative ?? 1;
    return relative < EVEN && relative > 1 / EVEN ? 1 : relative;
  }

  /** Whether a worker has not been asked for anything for long; a new one that began slowly is looked at again sooner. */
  isDue(worker: string): boolean {
    const speed = this.#speeds.get(worker);
    if (speed === undefined) return false;
    const { measured, askedIn } = speed;
    const isNew = measured > 0 && measured < WARMING;
    return this.#round - askedIn >= (isNew ? 2 ** measured : PROBE_ROUNDS);
  }

  #of(worker: string): Speed {
    const known = this.#speeds.get(worker);
    if (known) return known;
    if (this.#speeds.size >= MAX_WORKERS) {
      const [oldest] = this.#speeds.keys();
      this.#speeds.delete(oldest);
    }
    const speed: Speed = { relative: undefined, askedIn: this.#round, measured: 0 };
    this.#speeds.set(worker, speed);
    return speed;
  }
}

function bounded(relative: number): number {
  return Math.min(SLOWEST, Math.max(1 / SLOWEST, relative));
}
