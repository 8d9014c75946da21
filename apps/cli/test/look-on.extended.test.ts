/** Looking on without NATS: `geo events -f` and `geo checkpoints follow` by the run's folder and the coordinator that leads it, over its death. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore } from '@geodesic/checkpoint';
import { projectEvent, type GeodesicEvent, type NumberedEvent } from '@geodesic/events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dataOf, geo, processesNaming, startGeo } from './geo-process.ts';

let folder: string;
let runs: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'geo-look-on-'));
  runs = join(folder, 'runs');
});
afterEach(() => {
  expect(processesNaming(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

it('shows every event once and mirrors every checkpoint, over the death of the coordinator', async () => {
  const short = ['--set', 'steps=60', '--set', 'checkpoint.every=10'];
  const running = startGeo('run', 'examples/digits-mlp.yaml', ...short, '--runs', runs, '--format', 'jsonl');
  const { data } = await running.event(({ type }) => type === 'run.accepted');
  const run = String(data['runId']);
  const events = startGeo('events', run, '-f', '--runs', runs, '--format', 'jsonl');
  const mirror = startGeo('checkpoints', 'follow', run, '--to', join(folder, 'mirror'), '--runs', runs, '--format', 'jsonl');
  await running.event((event) => event.type === 'step.committed' && event.data['step'] === 25);
  const [coordinator] = processesNaming(runs).filter((line) => line.includes('coordinator'));
  process.kill(Number.parseInt(coordinator, 10), 'SIGKILL');
  const { directory } = dataOf(await running.ended) as { directory: string };

  const seen = await events.ended;
  expect(seen.exitCode, seen.stderr).toBe(0);
  const told = readFileSync(join(directory, 'events.ndjson'), 'utf8').trimEnd().split('\n');
  const expected = told.flatMap((line) => projectEvent(JSON.parse(line) as NumberedEvent, { cluster: 'main', run }));
  const ids = seen.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as GeodesicEvent).id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expected.map(({ id }) => id));

  const mirrored = await mirror.ended;
  expect(mirrored.exitCode, mirrored.stderr).toBe(0);
  const original = new CheckpointStore(join(directory, 'checkpoints'));
  const copy = new CheckpointStore(join(folder, 'mirror'));
  const steps = await original.list();
  expect(steps).toEqual([0, 10, 20, 30, 40, 50, 60]);
  for (const step of steps) expect(await copy.read(step)).toEqual(await original.read(step));
  const lines = mirrored.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { mirrored: { step: number } }).mirrored.step);
  expect(lines).toEqual(steps);

  const whole = await geo('checkpoints', 'list', '--folder', join(folder, 'mirror'), '--format', 'json');
  expect((dataOf(whole)['checkpoints'] as readonly unknown[]).length).toBe(7);
  const begin = ['--set', `init.checkpoint=${join(folder, 'mirror/step-000060')}`, '--set', 'steps=1'];
  expect((await geo('run', 'examples/digits-mlp.yaml', ...begin, '--runs', runs, '--format', 'json')).exitCode).toBe(0);
});
