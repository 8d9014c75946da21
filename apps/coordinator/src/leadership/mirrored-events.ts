/**
 * What coordinators elsewhere tell of a run, kept in its folder here: events.ndjson and, out of it, measurements.ndjson, as far as the bus has
 * them. So whoever takes the run over goes on with their numbers, and tells nothing twice.
 */
import { appendFile, stat } from 'node:fs/promises';
import { writeDurably } from '@geodesic/checkpoint';
import { bareType, unprojectEvent } from '@geodesic/events';
import type { EventBus, GeodesicEvent, NumberedEvent } from '@geodesic/events';
import type { RunFolder } from '@geodesic/run-store';
import { openExisting, parseLine, scanHandle } from '../scan-lines.ts';

/** Events that may wait to be written. */
const MOST_WAITING = 1024;

/** Stands for an event that is in no file here and no longer in the bus: the numbers of those behind it stay what they are. */
export const MISSING = 'event.missing';

/** The events of one run on their way here. One call at a time. */
export class MirroredEvents {
  readonly #folder: RunFolder;
  readonly #bus: Pick<EventBus, 'follow'>;
  /** The last place in the bus that was read. */
  #position = 0;
  /** The number of the last event in the file; undefined before the file has been read. */
  #last: number | undefined;
  #waiting: NumberedEvent[] = [];
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(folder: RunFolder, bus: Pick<EventBus, 'follow'>) {
    this.#folder = folder;
    this.#bus = bus;
  }

  /** The number of the last event that is here; 0 before the first. */
  get last(): number {
    return this.#last ?? 0;
  }

  /**
   * Brings the files to what is told now, and then, unless `untilNow`, to what comes, until the signal aborts; what was read is in the files
   * when the promise settles.
   * @throws {EventsError}; the system's error
   */
  async follow({ untilNow, signal }: { readonly untilNow: boolean; readonly signal: AbortSignal }): Promise<void> {
    const run = this.#folder.runId;
    if (this.#last === undefined) await this.#open(signal);
    try {
      for await (const { event, position } of this.#bus.follow({ run, after: this.#position, untilNow, signal })) {
        this.#position = position;
        if (event.runsequence !== undefined) this.#take(numberedOf(event, event.runsequence));
        if (this.#waiting.length >= MOST_WAITING) await this.#written();
      }
    } finally {
      await this.#written();
    }
  }

  /** Reads what is here and what is told, and puts both together. */
  async #open(signal: AbortSignal): Promise<void> {
    const { here, isWhole } = await eventsIn(this.#folder);
    const told = new Map<number, NumberedEvent>();
    for await (const { event, position } of this.#bus.follow({ run: this.#folder.runId, untilNow: true, signal })) {
      this.#position = position;
      const { runsequence } = event;
      if (runsequence !== undefined && !told.has(runsequence)) told.set(runsequence, numberedOf(event, runsequence));
    }
    signal.throwIfAborted();
    const merged = mergedEvents(here, told);
    if (merged !== here || !isWhole) {
      await writeDurably(this.#folder.file('events.ndjson'), linesOf(merged));
      const measurements = linesOf(merged.flatMap(measurementsOf));
      const path = this.#folder.file('measurements.ndjson');
      const present = await stat(path).then(({ size }) => size, () => 0); // prettier-ignore
      if (present < measurements.length) await writeDurably(path, measurements);
    }
    this.#last = merged.length;
  }

  #take(event: NumberedEvent): void {
    const last = this.last;
    if (event.sequence <= last) return; // told by two, once here
    for (let sequence = last + 1; sequence < event.sequence; sequence++) this.#waiting.push(missing(sequence, event));
    this.#waiting.push(event);
    this.#last = event.sequence;
    this.#writing ??= this.#write();
  }

  async #written(): Promise<void> {
    await this.#writing;
    if (this.#failure === undefined) return;
    const failure = this.#failure;
    this.#failure = undefined;
    this.#last = undefined; // what the file holds is read again
    throw failure;
  }

  /** Writes what waits; never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0);
        await appendFile(this.#folder.file('events.ndjson'), linesOf(batch));
        const measurements = batch.flatMap(measurementsOf);
        if (measurements.length > 0) await appendFile(this.#folder.file('measurements.ndjson'), linesOf(measurements));
      }
    } catch (error) {
      this.#waiting = [];
      this.#failure = error as Error;
    }
    this.#writing = undefined;
  }
}

/** The events in a folder, and whether its file holds nothing else, such as a torn end. */
async function eventsIn(folder: RunFolder): Promise<{ readonly here: readonly NumberedEvent[]; readonly isWhole: boolean }> {
  const here: NumberedEvent[] = [];
  const file = await openExisting(folder.file('events.ndjson'));
  if (file === undefined) return { here, isWhole: true };
  try {
    const bytes = await scanHandle(file, (line) => {
      const event = parseLine(line) as NumberedEvent | undefined;
      if (event?.sequence !== here.length + 1) return false;
      here.push(event);
      return true;
    });
    return { here, isWhole: bytes === (await file.stat()).size };
  } finally {
    await file.close();
  }
}

/**
 * The events to go on with, from number 1, without gaps. Where both have a number the bus is right: it has what the coordinator after this one
 * told. What this one told last and the bus never got stays, if nobody told otherwise.
 * @returns `here` itself where nothing is to change
 */
export function mergedEvents(here: readonly NumberedEvent[], told: ReadonlyMap<number, NumberedEvent>): readonly NumberedEvent[] {
  let last = 0;
  for (const sequence of told.keys()) last = Math.max(last, sequence);
  const newest = told.get(last);
  if (newest === undefined) return here;
  const same = here.at(newest.sequence - 1);
  if (same?.type === newest.type && same.at === newest.at) return here;
  return Array.from({ length: newest.sequence }, (_, i) => told.get(i + 1) ?? here.at(i) ?? missing(i + 1, newest));
}

/** The line of the file; where the data were too large for the bus, without them. */
function numberedOf(event: GeodesicEvent, sequence: number): NumberedEvent {
  return unprojectEvent(event) ?? { sequence, type: bareType(event.type), at: event.time, data: event.data };
}

function missing(sequence: number, { at }: NumberedEvent): NumberedEvent {
  return { sequence, type: MISSING, at, data: {} };
}

/** The records of measurements.ndjson that an event tells of. */
function measurementsOf({ type, data }: NumberedEvent): readonly object[] {
  if (type === 'evaluation') return [data];
  const measurements = type === 'step.committed' ? (data['measurements'] as Record<string, unknown> | undefined) : undefined;
  return measurements && Object.keys(measurements).length > 0 ? [{ step: data['step'], ...measurements }] : [];
}

function linesOf(records: readonly object[]): Buffer {
  return Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}
