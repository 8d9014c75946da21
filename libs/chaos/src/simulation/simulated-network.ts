/** Messages between processes: late, lost, repeated and out of order, as the weather has it. One to a dead process comes back as lost. */
import { exponential } from '../seeded-draw.ts';
import type { Draw } from '../seeded-draw.ts';
import type { EventQueue } from './event-queue.ts';
import type { FaultRates } from './fault-rates.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Message } from './world.ts';

/** What a network needs. */
export interface NetworkOptions {
  readonly queue: EventQueue;
  readonly draw: Draw;
  readonly rates: FaultRates;
  readonly note: (what: string) => void;
  /** Has a process do something now. */
  readonly enter: (process: SimulatedProcess, callback: () => void) => void;
}

/** The network of a cluster. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Puts a message on its way. */
  send(message: Message): void {
    const { queue, draw, rates, note, enter } = this.#options;
    const fate = draw();
    if (fate < rates.loss) {
      note('lost');
      this.#lose(message);
      return;
    }
    queue.after(this.delay(), () => {
      if (message.to.isDead) this.#lose(message);
      else enter(message.to, message.deliver);
    });
    if (fate <= 1 - rates.duplicate || message.isRepeatable !== true) return;
    note('repeated');
    // Late enough to be of another round or attempt.
    queue.after(exponential(draw, rates.lateMs), () => enter(message.to, message.deliver));
  }

  /** How long a message takes, ms. */
  delay(): number {
    const { draw, rates } = this.#options;
    const base = 0.1 + 0.4 * draw();
    return rates.late > 0 && draw() < rates.late ? base + exponential(draw, rates.lateMs) : base;
  }

  #lose({ from, lost }: Message): void {
    if (lost) this.#options.queue.after(this.delay(), () => this.#options.enter(from, lost));
  }
}
