/**
 * The events of a run for whoever looks on, the same wherever they come from: NATS, the coordinator that leads the run, or its folder.
 */
import type { GeodesicEvent, NumberedEvent } from '@geodesic/events';

/** Where events come from. */
export interface EventFeed {
  /** For people: `NATS`, or the folder. */
  readonly source: string;
  /**
   * In order, each id once. Without `follow` it ends when all that there is has been given; with it after the end of the run.
   * @throws {CliError} what cannot be waited for
   */
  events(options: { readonly follow: boolean; readonly signal: AbortSignal }): AsyncIterable<GeodesicEvent>;
  close(): Promise<void>;
}

/** Which events somebody wants to see. */
export interface EventFilter {
  /** The number of the first one in the run's file; default 1. */
  readonly from?: number;
  /** Of types, with `*` for any text: `step.*`; default all. */
  readonly type?: string;
  /** Whether what was derived from other events is wanted though no type is named. */
  readonly derived: boolean;
}

const PREFIX = 'geodesic.';

/** `step.committed`. */
export function typeOf({ type }: GeodesicEvent): string {
  return type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type;
}

/** The number of an event, or of the one that it was derived from; undefined for what others say of the run. */
export function numberOf({ runsequence, id }: GeodesicEvent): number | undefined {
  const [, number] = /^[^/]+\/(\d+)\/[0-9a-f]+(?:\/|$)/.exec(id) ?? [];
  return runsequence ?? (number === undefined ? undefined : Number(number));
}

/** As the coordinator numbered it; undefined for what is not in a run's file. */
export function numbered(event: GeodesicEvent): NumberedEvent | undefined {
  const { runsequence, time, data } = event;
  return runsequence === undefined ? undefined : { sequence: runsequence, type: typeOf(event), at: time, data };
}

/** Makes the test of a filter. */
export function matcherOf({ from = 1, type, derived }: EventFilter): (event: GeodesicEvent) => boolean {
  const pattern = type === undefined ? undefined : patternOf(type);
  return (event) => {
    const number = numberOf(event);
    if (number !== undefined && number < from) return false;
    if (pattern !== undefined) return pattern.test(typeOf(event));
    return derived || event.runsequence !== undefined || number === undefined;
  };
}

function patternOf(type: string): RegExp {
  const parts = type.replace(/^geodesic\./, '').split('*');
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
}
