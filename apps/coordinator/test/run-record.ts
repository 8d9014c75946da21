/** What a run has left in its folder, as tests of recovery compare it. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { viewLog } from '@geodesic/cluster';
import type { LogView } from '@geodesic/cluster';
import { readLog, RunFolder } from '@geodesic/run-store';
import { parseMeasurements } from '@geodesic/telemetry';
import type { RunEvent } from '@geodesic/wire';
import { expect } from 'vitest';
import type { RunResult } from '../src/run-result.ts';

/** A folder, read. */
export interface RunRecord {
  readonly view: LogView;
  readonly events: readonly RunEvent[];
  readonly result: RunResult;
}

/** Reads a folder. */
export async function readRun(directory: string): Promise<RunRecord> {
  const { records } = await readLog(new RunFolder(basename(directory), directory));
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const lines = (await read('events.ndjson')).trimEnd().split('\n');
  return {
    view: viewLog(records),
    events: lines.map((line) => JSON.parse(line) as RunEvent),
    result: JSON.parse(await read('result.json')) as RunResult,
  };
}

/** The data of the events of one type. */
export function eventsOf({ events }: Pick<RunRecord, 'events'>, type: string): RunEvent['data'][] {
  return events.filter((event) => event.type === type).map(({ data }) => data);
}

/** Every step was committed once, told once and measured once, in the log, the events and the measurements; the events have no gap. */
export async function expectEachStepOnce(directory: string, steps: number): Promise<void> {
  const { view, events } = await readRun(directory);
  const every = Array.from({ length: steps }, (_, i) => i + 1);
  expect(view.commits.filter(({ type }) => type === 'step').map(({ step }) => step)).toEqual(every);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
  expect(eventsOf({ events }, 'step.committed').map(({ step }) => step)).toEqual(every);
  const { records } = parseMeasurements(await readFile(join(directory, 'measurements.ndjson'), 'utf8'));
  expect(records.filter(({ split }) => split === undefined).map(({ step }) => step)).toEqual(every);
  const evaluations = records.filter(({ split }) => split !== undefined).map(({ step }) => step);
  expect(evaluations).toEqual([...new Set(evaluations)].toSorted((a, b) => Number(a) - Number(b)));
}
