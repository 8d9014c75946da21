/** Whether people have been told that a run is complete: its record is durable first, so a process can die in between. */
import { readFile } from 'node:fs/promises';
import type { RunFolder } from '@geodesic/run-store';
import { parseLine, scanLines } from './scan-lines.ts';

/** Whether result.json and the events say that the run is complete; a file that cannot be read says nothing. */
export async function isCompletionTold(folder: Pick<RunFolder, 'file'>): Promise<boolean> {
  const result = parseLine(await readFile(folder.file('result.json'), 'utf8').catch(() => ''));
  let state: unknown;
  await scanLines(folder.file('events.ndjson'), (line) => {
    const event = parseLine(line);
    if (event?.['type'] === 'run.finished') state = (event['data'] as { state?: unknown } | undefined)?.state;
    return event !== undefined;
  }).catch(() => (state = undefined));
  return result?.['state'] === 'completed' && state === 'completed';
}
