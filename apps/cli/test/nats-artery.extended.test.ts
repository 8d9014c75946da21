/**
 * NATS with real processes and a real server: who looks on sees everything exactly once, whatever becomes of the server, and no bit of the
 * training depends on it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore } from '@geodesic/checkpoint';
import { projectEvent, type GeodesicEvent, type NumberedEvent } from '@geodesic/events';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataOf, geo, processesNaming, startGeo, startGeoIn, type GeoProcess, type GeoResult } from './geo-process.ts';

const reason = natsServerReason();
if (reason !== undefined) console.warn(`NATS with real processes is not tested: ${reason}`);

const spec = 'examples/digits-mlp.yaml';
const short = ['--set', 'steps=400', '--set', 'checkpoint.every=50', '--set', 'evaluate.every=100'];
let folder: string;
let server: NatsServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'geo-nats-'));
  server = await NatsServer.start();
});

afterEach(async () => {
  await server.stop();
  expect(processesNaming(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** Starts a `geo` that finds nothing on this disk. */
function lookOn(...args: readonly string[]): GeoProcess {
  mkdirSync(join(folder, 'nothing'), { recursive: true });
  return startGeo(...args, '--nats', server.url, '--runs', join(folder, 'nothing'));
}

function train(...args: readonly string[]): GeoProcess {
  return startGeo('run', spec, ...short, '--runs', join(folder, 'runs'), '--format', 'jsonl', '--workers', '2', ...args);
}

function committed(running: GeoProcess, step: number): Promise<unknown> {
  return running.event(({ type, data }) => type === 'step.committed' && data['step'] === step);
}

function idsIn({ stdout }: GeoResult): readonly string[] {
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as GeodesicEvent).id);
}

/** What the run's own file says, as everybody is to see it. */
function projected(run: string, directory: string): readonly GeodesicEvent[] {
  const lines = readFileSync(join(directory, 'events.ndjson'), 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => projectEvent(JSON.parse(line) as NumberedEvent, { cluster: 'main', run }));
}

async function expectMirror(path: string, directory: string, files?: readonly string[]): Promise<void> {
  const [copy, original] = [new CheckpointStore(path), new CheckpointStore(join(directory, 'checkpoints'))];
  const steps = await original.list();
  expect(await copy.list()).toEqual(expect.arrayContaining(steps));
  for (const step of steps) {
    const [mirrored, written] = [await copy.read(step), await original.read(step)];
    for (const name of files ?? written.files.keys()) expect(mirrored.files.get(name), name).toEqual(written.files.get(name));
    expect(files === undefined ? mirrored.manifest : written.manifest).toEqual(written.manifest);
  }
}

describe.skipIf(reason !== undefined)('NATS', () => {
  it('shows everything exactly once over a kill and restart of its server, and no bit depends on it', async () => {
    const events = lookOn('events', 'digits-mlp', '-f', '--format', 'jsonl');
    const mirror = lookOn('checkpoints', 'follow', 'digits-mlp', '--to', join(folder, 'mirror'), '--format', 'jsonl');
    const parameters = lookOn('checkpoints', 'follow', 'digits-mlp', '--to', join(folder, 'parameters'), '--only', 'parameters');
    const running = train('--nats', server.url, '--broadcast', 'all');
    await events.line((line) => line.includes('"type":"geodesic.step.committed"') && line.includes('"step":60'));
    await server.kill('SIGKILL');
    await committed(running, 220);
    await server.restart();
    const trained = await running.ended;
    expect(trained.exitCode).toBe(0);
    const { runId, directory, paramsDigest } = dataOf(trained) as { runId: string; directory: string; paramsDigest: string };

    const seen = await events.ended;
    expect(seen.exitCode, seen.stderr).toBe(0);
    const expected = projected(runId, directory);
    const steps = expected.filter(({ type }) => type === 'geodesic.step.committed').map(({ data }) => data['step']);
    expect(steps).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(idsIn(seen)).toEqual(expected.map(({ id }) => id));

    const mirrored = await mirror.ended;
    expect(mirrored.exitCode, mirrored.stderr).toBe(0);
    await expectMirror(join(folder, 'mirror'), directory);
    const told = mirrored.stdout.trimEnd().split('\n');
    const lines = told.map((line) => (JSON.parse(line) as { mirrored: { step: number } }).mirrored.step);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.toSorted((a, b) => a - b)).toEqual(await new CheckpointStore(join(folder, 'mirror')).list());
    const some = await parameters.ended;
    expect(some.exitCode, some.stderr).toBe(0);
    await expectMirror(join(folder, 'parameters'), directory, ['parameters.safetensors']);

    const alone = await train().ended;
    expect(dataOf(alone)['paramsDigest']).toBe(paramsDigest);
  });

  it('is not needed: a run goes on without a server, and shows everything when there is one', async () => {
    await server.kill('SIGKILL');
    const events = lookOn('events', 'digits-mlp', '-f', '--format', 'jsonl');
    const running = train('--nats', server.url);
    await committed(running, 100);
    const { runs } = dataOf(await geo('list', '--runs', join(folder, 'runs'), '--format', 'json')) as { runs: readonly object[] };
    expect(runs).toMatchObject([{ state: 'running', nats: { connected: false, published: 0 } }]);
    await server.restart();
    const trained = await running.ended;
    expect(trained.exitCode).toBe(0);
    expect(trained.stderr).toContain('training goes on without it');
    const { runId, directory } = dataOf(trained) as { runId: string; directory: string };
    expect(idsIn(await events.ended)).toEqual(projected(runId, directory).map(({ id }) => id));
  });

  it('lets a standby go on when the leader is killed, with the same bits', async () => {
    const events = lookOn('events', 'digits-mlp', '-f', '--format', 'jsonl');
    const running = train('--nats', server.url, '--standby');
    await committed(running, 100);
    const [leader] = processesNaming(folder).filter((line) => line.includes('coordinator') && !line.includes('.standby'));
    process.kill(Number.parseInt(leader, 10), 'SIGKILL');
    expect((await running.event(({ type }) => type === 'run.resumed')).data).toMatchObject({ term: 2 });
    // The run's folder names a leader that is lost; the lease names the present one.
    const steered = ['--nats', server.url, '--format', 'json', '--runs'];
    const paused = await geo('pause', 'digits-mlp', ...steered, join(folder, 'nothing'));
    expect(paused.exitCode, paused.stdout).toBe(0);
    const resumed = await geo('resume', 'digits-mlp', ...steered, join(folder, 'runs'));
    expect(dataOf(resumed)).toMatchObject({ action: 'resume', step: dataOf(paused)['step'] });
    const trained = await running.ended;
    expect(trained.stderr).toContain('coordinator ended (killed by SIGKILL); started again (1 of 3)');
    expect(trained.exitCode, trained.stdout.slice(-2000)).toBe(0);
    const { runId, directory, paramsDigest } = dataOf(trained) as { runId: string; directory: string; paramsDigest: string };
    expect(directory).toContain('.standby');
    const seen = await events.ended;
    expect(seen.exitCode).toBe(0);
    const ids = idsIn(seen);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(projected(runId, directory).map(({ id }) => id)));
    const shown = trained.stdout.split('\n').filter((line) => line.includes('"step.committed"'));
    expect(shown.map((line) => (JSON.parse(line) as NumberedEvent).data['step'])).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(dataOf(await train().ended)['paramsDigest']).toBe(paramsDigest);
  });

  it('is waited for by whoever follows, and Ctrl-C ends that quietly', async () => {
    const events = lookOn('events', 'never', '-f');
    await new Promise<void>((told) =>
      events.child.stderr?.on('data', (bytes: Buffer) => bytes.includes('waiting for a run never') && told()),
    );
    events.child.kill('SIGINT');
    expect(await events.ended).toMatchObject({ exitCode: 130, stdout: '' });
  });

  it('is looked at by the doctor, which leaves nothing in it', async () => {
    const { checks, nats } = dataOf(await geo('doctor', '--nats', server.url, '--runs', folder, '--format', 'json')) as {
      checks: readonly { name: string; status: string; found: string }[];
      nats: { server: { streams: readonly unknown[] } };
    };
    const check = checks.find(({ name }) => name === 'NATS');
    expect(check).toMatchObject({ status: 'ok', found: expect.stringContaining('may publish and read') as string });
    expect(nats.server.streams).toEqual([]);
  });
});

describe.skipIf(reason !== undefined)('NATS with users', () => {
  it('ends a run before it trains when the credentials are wrong', async () => {
    await server.stop();
    server = await NatsServer.start({ config: 'authorization { users = [{ user: a, password: right }] }' });
    const wrong = { GEODESIC_NATS_USER: 'a', GEODESIC_NATS_PASSWORD: 'wrong' };
    const args = ['run', spec, ...short, '--runs', join(folder, 'runs'), '--nats', server.url, '--format', 'json'];
    const { exitCode, stdout } = await startGeoIn(wrong, ...args).ended;
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'error', error: { code: 'NATS_CREDENTIALS' } });
  });
});
