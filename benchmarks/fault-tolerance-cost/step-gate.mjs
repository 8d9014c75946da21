/**
 * Lets a run take steps in turns. A coordinator asks its checkpoints before every round whether too many copies wait to be written, and
 * waits for them: this stands in their place, writes nothing, and says "too many" until it is the run's turn.
 */
import { performance } from 'node:perf_hooks';

export class StepGate {
  lastStep = undefined;
  #isClosed = false;
  #left = 0;
  #starts = [];
  #ownMs = 0;
  #open = () => undefined;
  #opened = Promise.resolve();
  #arrive = () => undefined;
  #arrived = new Promise((resolve) => (this.#arrive = resolve));

  /** Resolves when the run stands before a step and waits. */
  get arrived() {
    return this.#arrived;
  }

  /** ms of its turns so far. */
  get ownTime() {
    return this.#ownMs + (this.#isClosed ? 0 : performance.now() - (this.#starts[0] ?? performance.now()));
  }

  /** Takes a turn; resolves with the ms of each of its steps, from its start to the start of the next. */
  async turn(steps) {
    this.#arrived = new Promise((resolve) => (this.#arrive = resolve));
    this.#left = steps - 1;
    this.#starts = [performance.now()];
    this.#isClosed = false;
    this.#open();
    await this.#arrived;
    return this.#starts.slice(1).map((at, i) => at - this.#starts[i]);
  }

  /** Lets the run go to its end. */
  release() {
    this.#left = Infinity;
    this.#isClosed = false;
    this.#open();
  }

  // What a coordinator asks of its checkpoints.

  get isCrowded() {
    if (this.#isClosed) return true;
    this.#starts.push(performance.now());
    if (this.#left-- > 0) return false;
    this.#ownMs += this.#starts.at(-1) - this.#starts[0];
    this.#isClosed = true;
    this.#opened = new Promise((resolve) => (this.#open = resolve));
    this.#arrive();
    return true;
  }

  async idle() {
    await this.#opened;
  }

  capture(step) {
    return { step };
  }

  async write() {}

  disprove() {}

  lastProven() {
    return undefined;
  }
}
