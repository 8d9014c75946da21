/** What commands make of `--nats`, and of its absence, without a server: `geo events` of a folder, its lines, and what is refused at once. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventsError, projectEvent, type EventsErrorCode, type GeodesicEvent, type NumberedEvent } from '@geodesic/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { coordinatorArguments } from '../src/artery/coordinator-artery.ts';
import { asNatsFailure } from '../src/artery/nats-failure.ts';
import { natsOptionsOf } from '../src/artery/nats-flags.ts';
import { conductRun } from '../src/commands/conduct.ts';
import { runProgram } from '../src/program.ts';

const run = 'digits-20260101-120000-ab12';
const at = '2026-01-01T12:00:00.000Z';
const lines: readonly NumberedEvent[] = [
  { sequence: 1, type: 'run.accepted', at, data: { runId: run, directory: '/runs/x' } },
  { sequence: 2, type: 'step.committed', at, data: { step: 1, steps: 9, measurements: { trainLoss: 2.51234 }, workers: 1, bytesUp: 7 } },
  { sequence: 3, type: 'worker.quarantined', at, data: { worker: 'worker-1', reason: 'its contribution was corrupt' } },
  { sequence: 4, type: 'checkpoint.written', at, data: { step: 1, path: '/p', manifest: `sha256:${'ab'.repeat(32)}`, bytes: 12 } },
  { sequence: 5, type: 'run.finished', at, data: { state: 'completed', result: { steps: 9, paramsDigest: `sha256:${'cd'.repeat(32)}` } } },
];
let runs: string;

beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'geo-events-'));
  mkdirSync(join(runs, run));
  writeFileSync(join(runs, run, 'events.ndjson'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
});
afterEach(() => rmSync(runs, { recursive: true }));

async function geo(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const stdout = { write: (more: string) => void (text.out += more) };
  const stderr = { write: (more: string) => void (text.err += more) };
  return { exitCode: await runProgram(argv, { stdout, stderr, env: {} }), ...text };
}

describe('geo events', () => {
  it('prints a line an event, with what tells most', async () => {
    const { exitCode, out, err } = await geo('events', 'digits', '--runs', runs);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out.split('\n')).toEqual([
      `${at}  run.accepted           runId ${run}  directory /runs/x`,
      `${at}  step.committed         step 1  trainLoss 2.512  workers 1`,
      `${at}  worker.quarantined     worker-1 is in quarantine: its contribution was corrupt`,
      `${at}  checkpoint.written     step 1  bytes 12  manifest abababababab`,
      `${at}  run.finished           state completed  steps 9  paramsDigest cdcdcdcdcdcd`,
      '',
    ]);
  });

  it('prints the events that everybody sees as JSON, and nothing else', async () => {
    const { out } = await geo('events', 'digits', '-f', '--runs', runs, '--format', 'jsonl', '--cluster', 'lab');
    const expected = lines.flatMap((line) => projectEvent(line, { cluster: 'lab', run }));
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as GeodesicEvent),
    ).toEqual(expected);
  });

  it('picks numbers and types', async () => {
    const { out } = await geo('events', 'digits', '--runs', runs, '--from', '3', '--type', '*.*', '--format', 'jsonl');
    const ids = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as GeodesicEvent).id.split('/')[1]);
    expect(ids).toEqual(['3', '4', '5']);
  });

  it('wants one run, or NATS for all', async () => {
    expect(await geo('events', '--runs', runs)).toMatchObject({ exitCode: 2, err: expect.stringContaining('got neither') as string });
    expect(await geo('events', '--all', '--runs', runs)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('--all: expected NATS') as string,
    });
    expect(await geo('events', 'never', '-f', '--runs', runs)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('got never') as string,
    });
  });
});

describe('--nats', () => {
  it('is checked before anything is started', async () => {
    const io = { stdout: { write: () => undefined }, stderr: { write: () => undefined }, env: {} };
    const conduct = (): Promise<never> => Promise.reject(new Error('it was started'));
    await expect(conductRun({ format: 'json', nats: 'http://x' }, io, conduct)).rejects.toMatchObject({
      code: 'NATS_OPTIONS',
      exitCode: 2,
      message: expect.stringContaining('--nats') as string,
    });
  });

  it('comes from the command line or the environment, and goes to the coordinator', () => {
    expect(natsOptionsOf({}, {})).toBeUndefined();
    const options = natsOptionsOf({ cluster: 'lab' }, { GEODESIC_NATS_URL: 'nats://a:1,nats://b:2' })!;
    expect(coordinatorArguments({ options, broadcast: 'all' })).toEqual([
      '--nats',
      'nats://a:1,nats://b:2',
      '--cluster',
      'lab',
      '--broadcast',
      'all',
    ]);
  });

  it.each<[EventsErrorCode, string, number]>([
    ['OPTIONS', 'NATS_OPTIONS', 2],
    ['CREDENTIALS', 'NATS_CREDENTIALS', 3],
    ['NO_JETSTREAM', 'NATS_NO_JETSTREAM', 3],
    ['MISSING', 'NATS_MISSING', 1],
  ])('makes of %s the error %s', (code, expected, exitCode) => {
    const error = new EventsError(code, { what: 'x', expected: 'a', got: 'b', hint: 'do c' });
    expect(asNatsFailure(error)).toMatchObject({ code: expected, exitCode, message: 'x: expected a, got b', hint: 'do c' });
  });
});
