/**
 * Which parameters the compute thread holds, as the main thread knows it. The thread takes frames in order, also from a stream that has
 * been given up meanwhile: what it holds is known for certain only when it has answered for all of them.
 */
import type { Position } from '@geodesic/cluster';
import type { ParameterFrame } from '@geodesic/wire';
import type { ComputeClient } from './compute-client.ts';

/** The parameters of one compute thread. */
export class HeldParameters {
  readonly #thread: Pick<ComputeClient, 'load' | 'apply'>;
  #position: Position | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #taking = 0;

  constructor(thread: Pick<ComputeClient, 'load' | 'apply'>) {
    this.#thread = thread;
  }

  /** Whether the thread has frames that it has not taken yet: it may be computing. */
  get isBusy(): boolean {
    return this.#taking > 0;
  }

  /** Has the thread take a frame; resolves with what it then holds. @throws what the thread throws */
  take(frame: ParameterFrame): Promise<Position> {
    const { version, chain } = frame;
    const taking = async (): Promise<Position> => {
      const checksum = frame.type === 'snapshot' ? await this.#thread.load(frame) : await this.#thread.apply(version, frame);
      this.#position = { version, chain, checksum };
      return this.#position;
    };
    this.#taking++;
    const taken = taking().finally(() => this.#taking--);
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  /** What is held when all frames given so far are taken; undefined before the first. */
  async settled(): Promise<Position | undefined> {
    for (let last: unknown; last !== this.#last;) {
      last = this.#last;
      await this.#last;
    }
    return this.#position;
  }
}
