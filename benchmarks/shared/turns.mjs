/**
 * Contenders that take turns within one process: while one computes, all others wait, and the order is always the same.
 */
export class Turns {
  #contenders;
  #waiting = [];

  constructor(contenders) {
    this.#contenders = contenders;
  }

  /** Hands over and waits for the next turn; the first turn begins when all contenders wait. */
  next() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#pass();
    });
  }

  /** Hands over for good. */
  leave() {
    this.#contenders--;
    this.#pass();
  }

  #pass() {
    if (this.#waiting.length === this.#contenders) this.#waiting.shift()?.();
  }
}
