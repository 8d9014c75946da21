/**
 * Where events go that many must hear. Two implementations, chosen by configuration: {@link MemoryBus} in one process, {@link NatsBus} with
 * a server. Publishing is at least once, and an id is stored once, so whoever follows sees each event once.
 */
import type { GeodesicEvent } from './event.ts';

/** An event and its place in the bus. */
export interface StoredEvent {
  readonly event: GeodesicEvent;
  /** Ascending in the order in which events were stored, from 1; gaps are normal. */
  readonly position: number;
}

/** What to follow. */
export interface FollowOptions {
  /** One run; default all of the cluster. */
  readonly run?: string;
  /** One type such as `checkpoint.available`, without the prefix `geodesic.`; needs `run`. Default all. */
  readonly type?: string;
  /** Only what was stored after this place; default 0, all that is still kept. */
  readonly after?: number;
  /** Ends the iteration, quietly. */
  readonly signal: AbortSignal;
  /** End when all that was stored at the beginning has been given; default false: wait for more. */
  readonly untilNow?: boolean;
}

/** Publishes and follows the events of one cluster. */
export interface EventBus {
  /**
   * Resolves when the event is stored, at once when its id already was.
   * @throws {EventsError} TOO_LARGE, PERMISSION; UNREACHABLE when the answer does not come: it may be stored or not, publish it again
   */
  publish(event: GeodesicEvent): Promise<void>;
  /**
   * The event with a `runsequence` that was stored last of a run, so the one with the highest unless the run's file was written anew; undefined
   * when there is none. @throws {EventsError} UNREACHABLE, PERMISSION
   */
  lastOf(run: string): Promise<GeodesicEvent | undefined>;
  /** Runs of which events are kept, oldest first. @throws {EventsError} UNREACHABLE, PERMISSION */
  runs(): Promise<readonly string[]>;
  /**
   * Events in the order in which they were stored, each id once. A connection that breaks is waited for.
   * @throws {EventsError} PERMISSION, STREAM (the stream is gone)
   */
  follow(options: FollowOptions): AsyncIterable<StoredEvent>;
}
