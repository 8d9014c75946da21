/**
 * Whether the log has what people were told: the steps in events.ndjson, the result in result.json. Events are written behind, so the log
 * may have more; less means that something durable is gone.
 */
import { readFile } from 'node:fs/promises';
import type { LogView } from '@geodesic/cluster';
import type { RunFolder } from '@geodesic/run-store';
import { readNumber, readText } from '../view/event-fields.ts';

/** What was announced when it was read. */
export interface Announced {
  /** The last step that was announced; 0 for none. */
  readonly step: number;
  /** What result.json says, if there is one that can be read. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** Reads what was announced. Read it before the log: a run that goes on is always ahead of what it has announced. */
export async function readAnnounced(folder: Pick<RunFolder, 'file'>): Promise<Announced> {
  const [events, result] = await Promise.all(
    (['events.ndjson', 'result.json'] as const).map((name) => readFile(folder.file(name), 'utf8').catch(() => '')),
  );
  const last = events.split('\n').findLast((line) => line.includes('"step.committed"'));
  const { data = {} } = (parsed(last ?? '') ?? {}) as { data?: Readonly<Record<string, unknown>> };
  const told = parsed(result);
  return { step: readNumber(data, 'step'), ...(told && { result: told }) };
}

/** What the log lacks of what was announced. */
export function announcedFaults({ step, result }: Announced, { head, finished }: LogView): readonly string[] {
  const faults: string[] = [];
  if (step > head.step) faults.push(`events.ndjson: step ${step} was announced, the log ends at step ${head.step}`);
  if (result === undefined || finished === undefined) return faults;
  const expect = (what: string, expected: unknown, got: unknown): void => {
    if (got !== expected) faults.push(`result.json: expected ${what} ${String(expected)} as in the log, got ${String(got)}`);
  };
  expect('state', finished.state, readText(result, 'state'));
  expect('steps', finished.step, readNumber(result, 'steps'));
  expect('paramsDigest', finished.paramsDigest, readText(result, 'paramsDigest'));
  return faults;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // for people only: the log is the truth
  }
}
