/**
 * The live parameter stream, coordinator's side. An update is encoded once and queued to every follower; a follower takes
 * what its stream accepts. One that lags more than 8 updates loses its queue and gets a fresh snapshot instead, made when
 * it is ready to read it, so memory is bounded by (8 updates shared by all) + (1 snapshot) + the streams' own buffers.
 */
import type { Snapshot, Update } from './messages.ts';
import { encodeSnapshot, encodeUpdate } from './parameter-frames.ts';
import type { EncodedFrame } from './parameter-frames.ts';

/** Updates a follower may lag before a snapshot is cheaper for everyone. */
export const MAXIMUM_LAG = 8;

/** The part of a stream that a follower needs. */
export interface FollowerSink {
  /** False: take no more until 'drain'. */
  write(bytes: Buffer): boolean;
  on(event: 'drain', listener: () => void): unknown;
  end(): void;
}

/** Publishes to any number of followers. */
export class ParameterPublisher {
  readonly #snapshot: () => Snapshot;
  readonly #followers: Set<Follower> = new Set();
  #encodedSnapshot: EncodedFrame | undefined;

  /** @param options.snapshot the present parameters and state; called synchronously, and copied before it returns to the caller */
  constructor(options: { snapshot: () => Snapshot }) {
    this.#snapshot = options.snapshot;
  }

  /** Sends an update to all followers. Call it in the same tick in which the snapshot's source advanced. */
  publish(update: Update): void {
    this.#encodedSnapshot = undefined;
    const frame = encodeUpdate(update);
    for (const follower of this.#followers) follower.offer(frame);
  }

  /** Adds a follower, which starts with a snapshot; returns the function that removes it. */
  attach(sink: FollowerSink): () => void {
    const follower = new Follower(sink, () => (this.#encodedSnapshot ??= encodeSnapshot(this.#snapshot())));
    this.#followers.add(follower);
    follower.flush();
    return () => this.#followers.delete(follower);
  }

  /** Ends every follower's stream. */
  close(): void {
    for (const follower of this.#followers) follower.end();
    this.#followers.clear();
  }
}

class Follower {
  readonly #sink: FollowerSink;
  readonly #snapshot: () => EncodedFrame;
  #queue: EncodedFrame[] = [];
  #needsSnapshot = true;
  #current: Iterator<Buffer> | undefined;
  #blocked = false;
  #ended = false;

  constructor(sink: FollowerSink, snapshot: () => EncodedFrame) {
    this.#sink = sink;
    this.#snapshot = snapshot;
    sink.on('drain', () => {
      this.#blocked = false;
      this.flush();
    });
  }

  offer(frame: EncodedFrame): void {
    if (this.#queue.length >= MAXIMUM_LAG) this.#needsSnapshot = true;
    // A snapshot is taken when it is sent and then holds every update offered until that moment.
    if (this.#needsSnapshot) this.#queue = [];
    else this.#queue.push(frame);
    this.flush();
  }

  flush(): void {
    while (!this.#blocked && !this.#ended) {
      this.#current ??= this.#nextFrame()?.chunks[Symbol.iterator]();
      if (this.#current === undefined) return;
      const chunk = this.#current.next();
      if (chunk.done === true) this.#current = undefined;
      else this.#blocked = !this.#sink.write(chunk.value);
    }
  }

  end(): void {
    this.#ended = true;
    this.#sink.end();
  }

  #nextFrame(): EncodedFrame | undefined {
    if (!this.#needsSnapshot) return this.#queue.shift();
    this.#needsSnapshot = false;
    return this.#snapshot();
  }
}
