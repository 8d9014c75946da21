/** Whether people have been told that a run is complete: its record is durable first, so a process can die in between. */
import { readFile } from 'node:fs/promises';
import type { RunFolder } from '@geodesic/run-store';
import { parseLine, readLines } from './line-file.ts';

/** Whether result.json and the events say that the run is complete; a file that cannot be read says nothing. */
export async function isCompletionTold(folder: Pick<RunFolder, 'file'>): Promise<boolean> {
  const result = parseLine(await readFile(folder.file('result.json'), 'utf8').catch(() => ''));
  const events = await readLines(folder.file('events.ndjson'), parseLine).catch(() => []);
  const last = events.findLast(({ type }) => type === 'run.finished');
  return result?.['state'] === 'completed' && (last?.['data'] as { state?: unknown } | undefined)?.state === 'completed';
}
