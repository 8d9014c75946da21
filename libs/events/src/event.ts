/**
 * An event as everybody outside a run's own process sees it: a CloudEvent (specification 1.0, JSON format) with three extension attributes.
 * Its id is a function of what it says, so whoever publishes it, however often, it is one event.
 */

/** How loud an event is. */
export type EventSeverity = 'info' | 'warning' | 'error';

/** An event of a run. */
export interface GeodesicEvent {
  readonly specversion: '1.0';
  /** `<run>/<runsequence>/<16 hex digits of what it says>` for an event of the run's own file; a derived or foreign one see {@link ./projection.ts}. */
  readonly id: string;
  /** `/clusters/<cluster>/runs/<run>`, with `/evaluator` behind it for what an evaluator says. */
  readonly source: string;
  /** `geodesic.` and the type, such as `geodesic.step.committed`. */
  readonly type: string;
  /** The run. */
  readonly subject: string;
  /** ISO 8601; for people. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** `geodesic:event:<type>:<version>`. */
  readonly dataschema: string;
  /** Extension: the number in the run's own file, from 1; absent for derived and foreign events. */
  readonly runsequence?: number;
  /** Extension. */
  readonly severity: EventSeverity;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event as the coordinator numbers it, in events.ndjson and over gRPC. */
export interface NumberedEvent {
  readonly sequence: number;
  readonly type: string;
  /** ISO 8601. */
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}
