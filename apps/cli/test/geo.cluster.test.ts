/** `geo run` with a real coordinator and real workers: the same bits when its coordinator is lost, an orderly end on Ctrl-C, one clear error for bad input. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { dataOf, geo, isAlive, processesNaming, startGeo, type GeoResult } from './geo-process.ts';
import { ndm, short, trainOn, undisturbedDigest, useRunsFolder } from './short-runs.ts';

const mlp = 'examples/digits-mlp.yaml';
let runs: string;
const place = useRunsFolder();

beforeEach(() => (runs = place.folder));

/** Trains a short MLP run and returns the envelope's data. */
async function train(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  return trainOn(runs, mlp, ...args);
}

describe('geo run', () => {
  it('answers with one envelope that has every documented field', async () => {
    const data = await train();
    expect(data).toMatchObject({ state: 'completed', steps: 6, seed: 1, engine: 'onnx-cpu' });
    for (const field of ['runId', 'directory', 'paramsDigest']) expect(data[field]).toEqual(expect.any(String));
    for (const field of ['examples', 'seconds', 'parameters', 'bytesUp', 'bytesDown']) expect(data[field]).toBeGreaterThan(0);
    expect(Object.keys(data['measurements'] as object)).toEqual(expect.arrayContaining(['trainLoss', 'testLoss', 'testAccuracy']));
    expect(data['paramsDigest']).toMatch(/^sha256:[0-9a-f]{64}$/);
    for (const file of ['spec.json', 'commit.log', 'measurements.ndjson', 'run.svg', 'result.json', 'logs/worker-1.log'])
      expect(existsSync(join(String(data['directory']), file)), file).toBe(true);
  });

  it('prints the groups, progress, the result and the next steps as text', async () => {
    const { exitCode, stdout } = await geo('run', mlp, ...short, '--runs', runs);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/all +kfac +3 /);
    expect(stdout).toMatch(/step 6\/6 {2}loss /);
    expect(stdout).toContain('digits-mlp completed');
    expect(stdout).toMatch(/the picture of the run +.*run\.svg/);
    expect(stdout).toContain('npx geo run examples/digits-mlp.yaml --set steps=6');
    expect(stdout).not.toContain('\x1b');
  });
});

/** The process id of the coordinator of this test's runs. */
function coordinatorPid(): number {
  const [coordinator] = processesNaming(runs).filter((line) => line.includes('coordinator'));
  return Number.parseInt(coordinator, 10);
}

describe('geo run without its coordinator', () => {
  it('goes on with another one and the same workers, and has the same bits', async () => {
    const running = startGeo('run', ndm, ...short, '--runs', runs, '--format', 'jsonl', '--set', 'steps=20');
    const { data } = await running.event(({ type }) => type === 'worker.joined');
    await running.event((event) => event.type === 'step.committed' && event.data['step'] === 5);
    process.kill(coordinatorPid(), 'SIGKILL');
    expect((await running.event(({ type }) => type === 'run.resumed')).data).toMatchObject({ term: 2 });
    const result = await running.ended;
    expect(result).toMatchObject({ exitCode: 0, stderr: 'geo: coordinator ended (killed by SIGKILL); started again (1 of 3)\n' });
    const lines = result.stdout.trimEnd().split('\n').slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as { type: string; data: { step?: number; pid?: number } });
    const steps = events.filter(({ type }) => type === 'step.committed').map((event) => event.data.step);
    expect(steps).toEqual(Array.from({ length: 21 }, (_, step) => step)); // step 0 initialises
    expect(events.filter(({ type, data: { pid } }) => type === 'worker.joined' && pid === data['pid'])).toHaveLength(2);
    expect(dataOf(result)['paramsDigest']).toBe(await undisturbedDigest(runs));
  });

  it('ends with exit code 3 when it may not be started again, names the log and leaves no worker', async () => {
    const running = startGeo('run', mlp, '--runs', runs, '--format', 'jsonl', '--set', 'steps=100000', '--set', 'cluster.maxRestarts=0');
    const { data } = await running.event(({ type }) => type === 'worker.joined');
    await running.event(({ type }) => type === 'step.committed');
    process.kill(coordinatorPid(), 'SIGKILL');
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(3);
    expect(isAlive(Number(data['pid']))).toBe(false);
    const { error } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error: { code: string; message: string; hint: string } };
    expect(error.code).toBe('COORDINATOR_LOST');
    expect(error.message).toBe('coordinator: expected it to run until the run is over, got killed by SIGKILL');
    expect(existsSync(error.hint.replace('see ', ''))).toBe(true);
  });
});

describe('geo run, interrupted', () => {
  it('stops every process within 2 s of Ctrl-C and leaves a readable run folder', async () => {
    const running = startGeo('run', mlp, '--runs', runs, '--format', 'jsonl', '--set', 'steps=100000');
    const pids = await Promise.all(
      ['worker-1', 'worker-2'].map((name) => running.event(({ type, data }) => type === 'worker.joined' && data['worker'] === name)),
    ).then((events) => events.map(({ data }) => Number(data['pid'])));
    const { data } = await running.event(({ type }) => type === 'run.accepted');
    await running.event(({ type }) => type === 'step.committed');
    const askedMs = performance.now();
    running.child.kill('SIGINT');
    const { exitCode, stdout } = await running.ended;
    expect(performance.now() - askedMs).toBeLessThan(2_000);
    expect(exitCode).toBe(4);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } });
    const directory = String(data['directory']);
    expect(JSON.parse(readFileSync(join(directory, 'spec.json'), 'utf8'))).toMatchObject({ name: 'digits-mlp' });
    expect(readFileSync(join(directory, 'commit.log')).length).toBeGreaterThan(0);
  });

  it('leaves nothing when it is killed itself', async () => {
    const running = startGeo('run', mlp, '--runs', runs, '--format', 'jsonl', '--set', 'steps=100000');
    const { data } = await running.event(({ type }) => type === 'worker.joined');
    await running.event(({ type }) => type === 'step.committed');
    running.child.kill('SIGKILL');
    await running.ended;
    await expect.poll(() => isAlive(Number(data['pid'])) || processesNaming(runs).length > 0, { timeout: 10_000 }).toBe(false);
  });
});

describe('geo doctor', () => {
  it('finds that this host can run Geodesic', async () => {
    const result = await geo('doctor', '--runs', runs, '--format', 'json');
    expect(result.exitCode).toBe(0);
    const { healthy, checks } = dataOf(result) as { healthy: boolean; checks: { name: string; found: string }[] };
    expect(healthy).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual(['Node', 'cores', 'memory', 'executors', 'loopback', 'runs folder', 'disk', 'NATS']);
    expect(checks.find(({ name }) => name === 'executors')?.found).toContain('onnx-cpu');
  });
});

describe('geo run with bad input', () => {
  async function refused(...args: readonly string[]): Promise<{ exitCode: number | null; code: string; message: string; hint: string }> {
    const result: GeoResult = await geo('run', ...args, '--runs', runs, '--format', 'json');
    const { error } = JSON.parse(result.stdout) as { error: { code: string; message: string; hint: string } };
    expect(result.stderr).toBe('');
    expect(error.hint).not.toBe('');
    return { exitCode: result.exitCode, ...error };
  }

  it.each([
    ['a mistyped key', 'batch.exampels=3', 'batch.exampels: expected'],
    ['a wrong type', 'steps=many', 'steps: expected'],
    ['a non-positive batch', 'batch.examples=0', 'batch.examples: expected'],
    ['more slots than examples', 'batch.slots=1024', 'batch.slots: expected'],
    ['an unknown model', 'model.recipe=transformer', 'model.recipe: expected'],
    ['an unknown optimiser', 'optimizer.groups.0.method=newton', 'optimizer.groups.0.method: expected'],
    ['an override without a value', 'steps', 'steps'],
  ])('names the field of %s', async (_what, override, message) => {
    const error = await refused(mlp, '--set', override);
    expect(error).toMatchObject({ exitCode: 2, code: 'SPEC_INVALID' });
    expect(error.message).toContain(message);
    expect(error.message).toContain('got');
  });

  it('names a file that is missing or no YAML', async () => {
    expect(await refused('no-such.yaml')).toMatchObject({ exitCode: 2, code: 'SPEC_UNREADABLE' });
    const broken = join(runs, 'broken.yaml');
    writeFileSync(broken, 'name: [unclosed\n');
    expect(await refused(broken)).toMatchObject({ exitCode: 2, code: 'SPEC_INVALID' });
  });

  it('names a port in use', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    expect(await refused(mlp, '--port', String(port))).toMatchObject({ exitCode: 3, code: 'PORT_IN_USE' });
    await new Promise((closed) => server.close(closed));
  });

  it('names a runs folder that cannot be written', async () => {
    const file = join(runs, 'a-file');
    writeFileSync(file, '');
    const { exitCode, stderr } = await geo('run', mlp, '--runs', join(file, 'runs'));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`--runs ${join(file, 'runs')}: expected a folder that can be written, got ENOTDIR`);
    expect(stderr).not.toMatch(/\n +at /);
  });
});
