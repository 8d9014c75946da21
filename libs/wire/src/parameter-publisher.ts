/**
 * The live parameter stream, coordinator's side. An update is encoded once and queued to every follower; a follower takes
 * what its stream accepts. One that lags more than 8 updates loses its queue and gets a fresh snapshot instead, made when
 * it is ready to read it, so memory is bounded by (8 updates shared by all) + (1 snapshot) + the streams' own buffers.
 * A coordinator that comes back holds everything back until its first round for workers: most of them hold those parameters already.
 */
import type { HeldPosition, Snapshot, Update } from './messages.ts';
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
  /** With what each of them held when it came. */
  readonly #followers: Map<Follower, HeldPosition | undefined> = new Map();
  #encodedSnapshot: EncodedFrame | undefined;
  #isHeldBack: boolean;

  /**
   * @param options.snapshot the present parameters and state; called synchronously, and copied before it returns to the caller
   * @param options.isHeldBack sends nothing before {@link release}; default false
   */
  constructor(options: { readonly snapshot: () => Snapshot; readonly isHeldBack?: boolean }) {
    this.#snapshot = options.snapshot;
    this.#isHeldBack = options.isHeldBack ?? false;
  }

  /** Number of followers. */
  get followers(): number {
    return this.#followers.size;
  }

  /** Sends an update to all followers. Call it in the same tick in which the snapshot's source advanced. */
  publish(update: Update): void {
    this.#encodedSnapshot = undefined;
    if (this.#isHeldBack || this.#followers.size === 0) return;
    const frame = encodeUpdate(update);
    for (const follower of this.#followers.keys()) follower.offer(frame);
  }

  /**
   * Adds a follower; returns the function that removes it. It starts with a snapshot, but for one that holds the present parameters:
   * a worker that comes back, or one that meets a coordinator that came back where it was.
   */
  attach(sink: FollowerSink, options: { readonly from?: HeldPosition } = {}): () => void {
    const follower = new Follower(sink, () => (this.#encodedSnapshot ??= encodeSnapshot(this.#snapshot())));
    this.#followers.set(follower, options.from);
    if (!this.#isHeldBack) follower.start(this.#isPresent(options.from));
    return () => this.#followers.delete(follower);
  }

  /** Holds nothing back any more. */
  release(): void {
    if (!this.#isHeldBack) return;
    this.#isHeldBack = false;
    for (const [follower, from] of this.#followers) follower.start(this.#isPresent(from));
  }

  /** Ends every follower's stream. */
  close(): void {
    for (const follower of this.#followers.keys()) follower.end();
    this.#followers.clear();
  }

  /** The chain says all: it is one of digests over every update from the first on. */
  #isPresent(held: HeldPosition | undefined): boolean {
    if (held === undefined) return false;
    const { version, chain } = this.#snapshot();
    return held.version === version && held.chain === chain;
  }
}

class Follower {
  readonly #sink: FollowerSink;
  readonly #snapshot: () => EncodedFrame;
  #queue: EncodedFrame[] = [];
  #needsSnapshot = true;
  #current: Iterator<Buffer> | undefined;
  #hasStarted = false;
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

  start(isCurrent: boolean): void {
    this.#needsSnapshot = !isCurrent;
    this.#hasStarted = true;
    this.flush();
  }

  offer(frame: EncodedFrame): void {
    if (this.#queue.length >= MAXIMUM_LAG) this.#needsSnapshot = true;
    // A snapshot is taken when it is sent and then holds every update offered until that moment.
    if (this.#needsSnapshot) this.#queue = [];
    else this.#queue.push(frame);
    this.flush();
  }

  flush(): void {
    while (this.#hasStarted && !this.#blocked && !this.#ended) {
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
