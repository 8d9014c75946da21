/**
 * The file events.behind in a run's folder: not all of the run's events are known to be in NATS. It is there from the beginning of their
 * publication until all are stored, so it stays behind however a coordinator ends; the next one in the runs folder brings the rest
 * (events-backfill.ts).
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { writeDurably } from '@geodesic/checkpoint';
import type { RunFolder } from '@geodesic/run-store';

/** What the file says. */
export interface EventsMarker {
  /** Where the events belong. */
  readonly cluster: string;
  /** The number of the last event that was known to be stored when the file was written; for people. */
  readonly stored: number;
}

/** A marker in a folder. */
export interface FoundMarker extends EventsMarker {
  /** Tells the file from one that takes its place. */
  readonly file: string;
}

type Folder = Pick<RunFolder, 'file'>;

/** Writes the marker; durable when the promise resolves. @throws the system's error */
export async function writeEventsMarker(folder: Folder, { cluster, stored }: EventsMarker): Promise<void> {
  await writeDurably(folder.file('events.behind'), `${JSON.stringify({ cluster, stored })}\n`);
}

/** The marker of a folder; undefined where there is none, or none that can be read. */
export async function readEventsMarker(folder: Folder): Promise<FoundMarker | undefined> {
  try {
    const file = await identityOf(folder);
    const { cluster, stored } = JSON.parse(await readFile(folder.file('events.behind'), 'utf8')) as Partial<EventsMarker>;
    if (file === undefined || typeof cluster !== 'string') return undefined;
    return { cluster, stored: typeof stored === 'number' ? stored : 0, file };
  } catch {
    return undefined;
  }
}

/**
 * Takes the marker away.
 * @param found only this one: whoever leads the run by now may have written another
 * @throws the system's error
 */
export async function removeEventsMarker(folder: Folder, found?: FoundMarker): Promise<void> {
  if (found !== undefined && (await identityOf(folder)) !== found.file) return;
  await rm(folder.file('events.behind'), { force: true });
}

async function identityOf(folder: Folder): Promise<string | undefined> {
  return stat(folder.file('events.behind')).then(
    ({ ino, mtimeMs }) => `${ino}/${mtimeMs}`,
    () => undefined,
  );
}
