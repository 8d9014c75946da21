/** A process that runs for a share of the time only, by SIGSTOP and SIGCONT in turns: a slow processor. */
import type { Child } from './child.ts';

/** Slows one process down. */
export class DutyCycle {
  readonly #child: Child;
  readonly #periodMs: number;
  readonly #share: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.share of the time in which it runs, in (0, 1) */
  constructor(child: Child, { periodMs, share }: { readonly periodMs: number; readonly share: number }) {
    this.#child = child;
    this.#periodMs = periodMs;
    this.#share = share;
  }

  /** Slow from now on. */
  start(): void {
    this.end();
    this.#stop();
  }

  /** As fast as ever from now on. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#child.kill('SIGCONT');
  }

  #stop(): void {
    this.#child.kill('SIGSTOP');
    this.#timer = setTimeout(() => this.#run(), this.#periodMs * (1 - this.#share));
  }

  #run(): void {
    this.#child.kill('SIGCONT');
    this.#timer = setTimeout(() => this.#stop(), this.#periodMs * this.#share);
  }
}
