/**
 * Bytes under their sha256, broadcast through NATS: a checkpoint's chunks, its manifest, a bundle. Every reader verifies; an object that is
 * missing or damaged is asked for again, and whoever has it publishes it again.
 */

/** `sha256:<64 hex digits>`. */
export type Digest = string;

/** Gives the bytes of an object that this process can read; undefined for one that it has not. */
export type ObjectProvider = (digest: Digest) => Promise<Uint8Array | undefined>;

/** Places in the stream of objects: the first and last message that were written. */
export interface ObjectRange {
  readonly first: number;
  readonly last: number;
}

/** The newest checkpoint of a run whose objects were all stored. */
export interface CheckpointPointer {
  readonly step: number;
  /** Of manifest.json, which is an object. */
  readonly manifest: Digest;
  /** Bytes of all its files. */
  readonly bytes: number;
  /** The files whose chunks were stored. */
  readonly files: readonly string[];
}

/** The objects of one run. */
export interface ObjectChannel {
  /**
   * Stores objects, each in parts that the server takes, in order; resolves when all are stored. One that is stored already is stored anew
   * unless `known` says that it is there.
   * @throws {EventsError} UNREACHABLE, PERMISSION, STREAM
   */
  put(objects: AsyncIterable<{ readonly digest: Digest; readonly bytes: Uint8Array }>, signal?: AbortSignal): Promise<ObjectRange>;
  /** Digests of the objects that are stored whole. @throws {EventsError} UNREACHABLE, PERMISSION */
  stored(): Promise<ReadonlySet<Digest>>;
  /**
   * Objects as they pass in a range of the stream, verified, in the order of their last part; those that are not wanted, damaged or
   * incomplete are left out: {@link get} them afterwards.
   */
  stream(
    range: ObjectRange,
    options: { readonly wanted: ReadonlySet<Digest>; readonly signal: AbortSignal },
  ): AsyncIterable<{ readonly digest: Digest; readonly bytes: Uint8Array }>;
  /**
   * One object, verified: from the stream; where it is missing or damaged there, from whoever serves the run, who stores it again.
   * Waits for a connection that is broken.
   * @throws {EventsError} MISSING when nobody has it, CORRUPT when what is served is still damaged
   */
  get(digest: Digest, signal: AbortSignal): Promise<Uint8Array>;
  /** Answers requests for objects until the signal aborts. */
  serve(provider: ObjectProvider, signal: AbortSignal): void;
  /** Makes a checkpoint the one to begin with. @throws {EventsError} UNREACHABLE, PERMISSION */
  point(pointer: CheckpointPointer): Promise<void>;
  /** The newest checkpoint to begin with; undefined when there is none. @throws {EventsError} UNREACHABLE, PERMISSION */
  pointer(): Promise<CheckpointPointer | undefined>;
}
