/**
 * A run's events from its folder and from the coordinator that leads it. The file is the truth; nobody is told an event before it is in the
 * file, so one that follows reads the file to its end and then listens to whoever leads the run, now or after a restart.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { projectEvent } from '@geodesic/events';
import { RunFolder } from '@geodesic/run-store';
import { connectRuns, WireError, type RunEvent } from '@geodesic/wire';
import type { FoundRun } from '../run-folders/find-run.ts';
import { leadershipOf } from '../run-folders/live-run.ts';
import { ShownEvents } from '../run-folders/shown-events.ts';
import { corruptEvents, parsedEvent } from './event-lines.ts';
import type { EventFeed } from './event-feed.ts';

const LOOK_AGAIN_MS = 200;

/** Options of {@link folderFeed}. */
export interface FolderFeedOptions {
  /** Named in the events. */
  readonly cluster: string;
  /** Told once when there is nobody to wait for. */
  readonly onNotice: (text: string) => void;
}

/** The events of the run in a folder. */
export function folderFeed(run: FoundRun, { cluster, onNotice }: FolderFeedOptions): EventFeed {
  return {
    source: run.directory,
    async *events({ follow, signal }) {
      const told = follow ? followed(run, signal, onNotice) : (await readEvents(run)).events;
      for await (const event of told) yield* projectEvent(event, { cluster, run: run.runId });
    },
    close: async () => undefined,
  };
}

/** Ends after run.finished, when nobody has taken the run up again. */
async function* followed(run: FoundRun, signal: AbortSignal, onNotice: (text: string) => void): AsyncGenerator<RunEvent, void, undefined> {
  const shown = new ShownEvents();
  let last: RunEvent | undefined;
  /** Looks in a row at which nobody led the run: at the first its end may be on its way into the file. */
  let looks = 0;
  while (!signal.aborted) {
    const { events } = await readEvents(run);
    // What was given already is only remembered by the newest of it; everything older is skipped by its number.
    for (const event of events.slice(Math.max(0, shown.from - 1))) {
      if (!shown.take(event)) continue;
      last = event;
      yield event;
    }
    const leadership = await leadershipOf(run);
    if (leadership.state === 'none' && last?.type === 'run.finished' && (await isOver(run, last))) return;
    if (leadership.state === 'live') {
      looks = 0;
      for await (const event of watched(leadership.leader.address, { run: run.runId, from: shown.from, signal })) {
        if (!shown.take(event)) continue;
        last = event;
        yield event;
      }
      continue;
    }
    looks += 1;
    if (looks === 2 && last?.type !== 'run.finished')
      onNotice(`${run.runId}: nobody leads it now; waiting for a coordinator that takes it up`);
    await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Whether nothing came after the end that was given. */
async function isOver(run: FoundRun, last: RunEvent): Promise<boolean> {
  return (await readEvents(run)).events.at(-1)?.sequence === last.sequence;
}

interface WatchOptions {
  readonly run: string;
  readonly from: number;
  readonly signal: AbortSignal;
}

/** Ends when the coordinator does, or is lost. */
async function* watched(address: string, { run, from, signal }: WatchOptions): AsyncGenerator<RunEvent, void, undefined> {
  const client = connectRuns(address);
  try {
    yield* client.watch(run, { fromSequence: from, signal });
  } catch (error) {
    if (!(error instanceof WireError)) throw error; // whoever leads the run next goes on
  } finally {
    client.close();
  }
}

/** The events in the file; a last line that is still being written is left out. @throws {CliError} EVENTS_CORRUPT naming the line */
async function readEvents({ runId, directory }: FoundRun): Promise<{ readonly events: readonly RunEvent[] }> {
  const path = new RunFolder(runId, directory).file('events.ndjson');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  lines.pop();
  const events = lines.map((line, i) => parsedEvent(line) ?? corruptEvents(`${path}:${i + 1}`, 'an event as JSON', line));
  return { events };
}
