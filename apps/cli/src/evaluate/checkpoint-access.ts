/** Checkpoints of a run as an evaluator has them: told one after the other, read from a folder or had through NATS. */
import type { Checkpoint } from '@geodesic/checkpoint';
import type { ObjectRange } from '@geodesic/events';

/** A checkpoint that there is, or was when it was told. */
export interface Announcement {
  readonly step: number;
  /** `sha256:` of its manifest, where that was told. */
  readonly manifest?: string;
  /** Where its objects were broadcast. */
  readonly range?: ObjectRange;
}

/** Reads what was told. */
export interface CheckpointAccess {
  /** The digest of its parameters, where that can be known without them. @throws as {@link read} */
  paramsDigest?(announcement: Announcement, signal: AbortSignal): Promise<string | undefined>;
  /**
   * At least its parameters and state, verified.
   * @throws {CheckpointError}, {EventsError} `missing` or MISSING when it is gone, `invalid` or CORRUPT when it is damaged
   */
  read(announcement: Announcement, signal: AbortSignal): Promise<Checkpoint>;
}
