/**
 * Events from NATS: of one run, which need not have begun, or of all runs of the cluster. A server that goes away is waited for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EventsError, onceById, projectEvent, type EventBus, type GeodesicEvent } from '@geodesic/events';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { fittingRuns } from '../run-folders/find-run.ts';
import { numbered, typeOf, type EventFeed } from './event-feed.ts';
import { asNatsFailure } from './nats-failure.ts';

const LOOK_AGAIN_MS = 250;

/** Options of {@link natsFeed}. */
export interface NatsFeedOptions {
  readonly bus: EventBus;
  readonly cluster: string;
  /** One run by its id; default all. */
  readonly run?: string;
  /** Called by `close`. */
  readonly onClose: () => Promise<void>;
}

/** The events of one run, or of all. */
export function natsFeed({ bus, cluster, run, onClose }: NatsFeedOptions): EventFeed {
  return {
    source: 'NATS',
    async *events({ follow, signal }) {
      try {
        const stored = bus.follow({ ...(run !== undefined && { run }), untilNow: !follow, signal });
        for await (const { event } of onceById(stored)) {
          yield event;
          if (!follow || run === undefined || typeOf(event) !== 'run.finished') continue;
          if (!(await isLast(bus, event, signal))) continue;
          yield* derivedFrom(event, { cluster, run });
          return;
        }
      } catch (error) {
        throw asNatsFailure(error);
      }
    },
    close: onClose,
  };
}

/** Options of {@link runInNats}. */
export interface SoughtRun {
  /** Wait for one that fits. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Told once when there is none yet. */
  readonly onNotice: (text: string) => void;
}

/**
 * The id of the run that fits what a person calls it: its id, the beginning of it, or the name of a spec; the newest when several do and
 * one is to be followed. Undefined where there is none, or when the wait was ended.
 * @throws {CliError} RUN_AMBIGUOUS, exit code 2, and what NATS refuses
 */
export async function runInNats(
  bus: Pick<EventBus, 'runs'>,
  run: string,
  { follow, signal, onNotice }: SoughtRun,
): Promise<string | undefined> {
  for (let isTold = false; !signal.aborted; isTold = true) {
    const fitting = fittingRuns(run, await patiently(() => bus.runs(), { signal, isPatient: follow }));
    if (fitting.length === 1 || (follow && fitting.length > 0)) return fitting.at(-1);
    if (fitting.length > 1) throw ambiguous(run, fitting);
    if (!follow) return undefined;
    if (!isTold) onNotice(`waiting for a run ${run}`);
    await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** Asks again for as long as no server answers. */
async function patiently<T>(ask: () => Promise<T>, { signal, isPatient }: { signal: AbortSignal; isPatient: boolean }): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isAway = error instanceof EventsError && error.code === 'UNREACHABLE';
      if (!isAway || !isPatient || signal.aborted) throw asNatsFailure(error);
    }
    await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Whether nobody has taken the run up after this end. */
async function isLast(bus: EventBus, end: GeodesicEvent, signal: AbortSignal): Promise<boolean> {
  const newest = await patiently(() => bus.lastOf(end.subject), { signal, isPatient: true });
  return (newest?.runsequence ?? 0) <= (end.runsequence ?? 0);
}

/** What follows from the last event is on its way; as its ids are functions of it, it can be told without waiting. */
function derivedFrom(event: GeodesicEvent, place: { readonly cluster: string; readonly run: string }): readonly GeodesicEvent[] {
  const plain = numbered(event);
  return plain === undefined ? [] : projectEvent(plain, place).filter(({ id }) => id !== event.id);
}

function ambiguous(run: string, fitting: readonly string[]): CliError {
  const message = `run: expected the beginning of one run's id, got ${run}, which ${fitting.length} in NATS begin with`;
  return new CliError({ code: 'RUN_AMBIGUOUS', message, hint: `write more of it: ${fitting.join(', ')}`, exitCode: EXIT.usage });
}
