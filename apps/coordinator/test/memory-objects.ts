/** Objects of a run in memory, as NATS keeps them, for tests without a server. */
import type { CheckpointPointer, ObjectChannel, ObjectRange } from '@geodesic/events';

/** A channel that takes what it is given; `fault` may refuse an object, or anything else by its name. */
export class MemoryObjects implements ObjectChannel {
  readonly objects = new Map<string, Uint8Array>();
  /** What was done, in order. */
  readonly history: string[] = [];
  fault: (what: string) => void | Promise<void> = () => undefined;
  #pointer: CheckpointPointer | undefined;
  #last = 0;

  async put(objects: AsyncIterable<{ readonly digest: string; readonly bytes: Uint8Array }>): Promise<ObjectRange> {
    const first = this.#last + 1;
    for await (const { digest, bytes } of objects) {
      await this.fault(digest);
      this.objects.set(digest, bytes);
      this.history.push(digest);
      this.#last += 1;
    }
    return { first, last: this.#last };
  }

  async stored(): Promise<ReadonlySet<string>> {
    await this.fault('stored');
    return new Set(this.objects.keys());
  }

  async *stream(): AsyncGenerator<{ readonly digest: string; readonly bytes: Uint8Array }> {
    yield* [];
  }

  async get(digest: string): Promise<Uint8Array> {
    return this.objects.get(digest)!;
  }

  serve(): void {
    this.history.push('serve');
  }

  async point(pointer: CheckpointPointer): Promise<void> {
    await this.fault('point');
    this.#pointer = pointer;
    this.history.push(`point ${pointer.step}`);
  }

  async pointer(): Promise<CheckpointPointer | undefined> {
    return this.#pointer;
  }
}
