/**
 * The events that earlier coordinators of a runs folder did not get into NATS, run.finished perhaps among them, for which followers wait. A
 * coordinator looks once, when NATS is there, which folders say so (events-marker.ts), and publishes the rest of their events.ndjson in order,
 * one run after the other and behind everything else. What somebody leads is left to its own artery; what fails is tried at the next start.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EventPublisher, EventsError, projectEvent } from '@geodesic/events';
import type { EventBus, NumberedEvent } from '@geodesic/events';
import { isAlive, readLeader, readLog, RunFolder } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import { readEventsMarker, removeEventsMarker } from './events-marker.ts';
import { unlessAborted } from './nats-line.ts';
import { parseLine, readLines } from './scan-lines.ts';

/** Options of {@link EventsBackfill}. */
export interface EventsBackfillOptions {
  /** The folder of run folders; may be missing. */
  readonly runs: string;
  /** Only markers of this one count. */
  readonly cluster: string;
  readonly bus: EventBus;
  /** Whether other coordinators may have gone on with a run: only one that ended in this folder's own log is brought then. */
  readonly ha: boolean;
  /** Tells when NATS is there again. */
  readonly line: { onChange(listener: (isConnected: boolean) => void): () => void };
  readonly logger: Logger;
}

/** Codes of what passes: a server that is away, or starts. */
const PASSES: ReadonlySet<string> = new Set(['UNREACHABLE', 'NO_JETSTREAM']);
/** As long as it takes, ms: the longest that a timer can wait. */
const WITHOUT_END_MS = 2 ** 31 - 1;

/** Brings what is missing. */
export class EventsBackfill {
  readonly #options: EventsBackfillOptions;
  readonly #closed = new AbortController();
  /** Runs that this process leads, or has led. */
  readonly #led = new Set<string>();
  #present: { readonly run: string; readonly leaving: AbortController } | undefined;
  #running: Promise<void> | undefined;

  constructor(options: EventsBackfillOptions) {
    this.#options = options;
  }

  /** Goes through the folders, once; resolves at the end. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** A run is led in this process from now on: it is left to its own artery. */
  leave(run: string): void {
    this.#led.add(run);
    if (this.#present?.run === run) this.#present.leaving.abort();
  }

  /** Ends now; what is not done is done at the next start. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { runs, logger } = this.#options;
    for (const run of (await readdir(runs).catch((): string[] => [])).toSorted()) {
      const leaving = new AbortController();
      const signal = AbortSignal.any([leaving.signal, this.#closed.signal]);
      if (signal.aborted) return;
      if (this.#led.has(run)) continue;
      this.#present = { run, leaving };
      await this.#bring(new RunFolder(run, join(runs, run)), signal).catch((error: unknown) => {
        if (!signal.aborted)
          logger.warn('events of an earlier run could not be brought to NATS; the next start tries again', { run, error });
      });
      this.#present = undefined;
    }
  }

  async #bring(folder: RunFolder, signal: AbortSignal): Promise<void> {
    const { cluster, ha, logger } = this.#options;
    const marker = await readEventsMarker(folder);
    if (marker?.cluster !== cluster || (await isLed(folder)) || (ha && !(await isOver(folder)))) return;
    const isOwn = !ha || (await this.#isOwn(folder, signal));
    signal.throwIfAborted();
    if (isOwn) await this.#publish(folder, signal);
    else logger.info('another coordinator has told the rest of a run', { run: folder.runId });
    if (!signal.aborted) await removeEventsMarker(folder, marker);
  }

  /** Resolves when everything is stored. @throws what has failed, also the signal's reason */
  async #publish(folder: RunFolder, signal: AbortSignal): Promise<void> {
    const { cluster, bus, line, logger } = this.#options;
    const run = folder.runId;
    const end = await lastNumber(folder, signal);
    const over = new AbortController();
    const publisher = new EventPublisher({
      run,
      cluster,
      bus,
      watch: (from, ending) => eventsIn(folder, from, ending),
      end: () => end,
      onTrouble: (error) => {
        if (error !== undefined && !(error instanceof EventsError && PASSES.has(error.code))) over.abort(error);
      },
    });
    const ending = AbortSignal.any([over.signal, signal]);
    ending.addEventListener('abort', () => void publisher.close());
    const endListening = line.onChange((isConnected) => isConnected && publisher.resync());
    if (!ending.aborted) publisher.start();
    const isDone = await publisher.drained(WITHOUT_END_MS);
    endListening();
    if (!isDone) throw ending.reason;
    logger.info('the events of an earlier run are all in NATS', { run, events: end, published: publisher.status.published });
  }

  /** Whether the file goes on behind what NATS has; else another coordinator went on with the run, and has told its end. */
  async #isOwn(folder: RunFolder, signal: AbortSignal): Promise<boolean> {
    const { cluster, bus } = this.#options;
    const last = await unlessAborted(bus.lastOf(folder.runId), signal);
    if (last?.runsequence === undefined) return true;
    for await (const event of eventsIn(folder, last.runsequence, signal))
      return projectEvent(event, { cluster, run: folder.runId })[0]?.id === last.id;
    return false;
  }
}

async function isLed(folder: RunFolder): Promise<boolean> {
  const leader = await readLeader(folder);
  return leader !== undefined && isAlive(leader);
}

async function isOver(folder: RunFolder): Promise<boolean> {
  return (await readLog(folder)).records.at(-1)?.type === 'finished';
}

async function lastNumber(folder: RunFolder, signal: AbortSignal): Promise<number> {
  let last = 0;
  for await (const { sequence } of eventsIn(folder, 1, signal)) last = sequence;
  return last;
}

/** The events of a file that nobody writes, from a number on; it ends where their numbers do, or at the signal. */
async function* eventsIn(folder: RunFolder, from: number, signal: AbortSignal): AsyncGenerator<NumberedEvent, void> {
  let next = 1;
  for await (const line of readLines(folder.file('events.ndjson'))) {
    const event = parseLine(line) as NumberedEvent | undefined;
    if (signal.aborted || event?.sequence !== next) return;
    if (next++ >= from) yield event;
  }
}
