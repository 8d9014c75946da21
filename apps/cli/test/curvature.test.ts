/** `geo curvature` over run folders that are written here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProgram } from '../src/program.ts';

const runs = mkdtempSync(join(tmpdir(), 'geodesic-curvature-'));
afterAll(() => rmSync(runs, { recursive: true }));

const stem = {
  group: 'ends',
  layer: 'stem',
  curvature: 'kronecker',
  conditionA: 1200,
  conditionS: 40.5,
  pi: 1.25,
  staleness: 0,
  moved: 0.031,
  share: 0.25,
  bytes: 10_692,
  fallbacks: 0,
  clamped: 0,
  kept: 0,
  probeError: 0.12,
};
const head = { ...stem, layer: 'head', conditionA: 9e6, probeError: undefined };
const failed = { ...stem, layer: 'block1/scale', kept: 1, conditionA: 3, moved: null };

function writeRun(id: string, events: readonly unknown[], methods: readonly string[] = ['kfac']): string {
  mkdirSync(join(runs, id));
  const lines = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  writeFileSync(join(runs, id, 'events.ndjson'), lines.map((line) => `${line}\n`).join(''));
  writeFileSync(join(runs, id, 'spec.json'), JSON.stringify({ optimizer: { groups: methods.map((method) => ({ method })) } }));
  return id;
}

function refreshed(step: number, layers: readonly object[]): object {
  return { sequence: step, type: 'curvature.refreshed', at: '2026-01-01T00:00:00.000Z', data: { step, layers } };
}

async function geo(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const stdout = { write: (more: string) => void (text.out += more) };
  const stderr = { write: (more: string) => void (text.err += more) };
  const exitCode = await runProgram(['curvature', ...argv, '--runs', runs], { stdout, stderr, env: {} });
  return { exitCode, ...text };
}

const good = writeRun('digits-ndm-20260101-120000-ab12', [
  { sequence: 1, type: 'run.accepted', at: '', data: {} },
  refreshed(5, [stem, head]),
  refreshed(10, [{ ...stem, conditionA: 1300, probeError: undefined }, failed]),
]);
writeRun('digits-mlp-20260101-120000-0001', [refreshed(1, [stem])]);
writeRun('digits-mlp-20260102-120000-0002', [refreshed(1, [stem])]);

describe('geo curvature', () => {
  it('shows the newest report of every layer with its last probe, the worst first', async () => {
    const { out, exitCode } = await geo(good);
    expect(exitCode).toBe(0);
    const lines = out.split('\n');
    expect(lines[0]).toBe(`${good}: curvature of 3 layers after step 10`);
    expect(lines[2].trim().split(/\s{2,}/)).toEqual([
      'layer',
      'group',
      'step',
      'curvature',
      'cond A',
      'cond S',
      'pi',
      'stale',
      'moved',
      'KL share',
      'error',
      'sent',
      'fell/clamped/kept',
    ]);
    expect(lines.slice(3, 6).map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['x', 'block1/scale', 'ends', '10', 'kronecker', '3', '40.5', '1.25', '0', 'inf', '25.0 %', '12.0 %', '10 KiB', '0/0/1'],
      ['!', 'head', 'ends', '5', 'kronecker', '9.00e+6', '40.5', '1.25', '0', '0.031', '25.0 %', '-', '10 KiB', '0/0/0'],
      ['stem', 'ends', '10', 'kronecker', '1300', '40.5', '1.25', '0', '0.031', '25.0 %', '12.0 %', '10 KiB', '0/0/0'],
    ]);
    expect(out).toContain('steps since the last refresh');
  });

  it('goes back to a step', async () => {
    expect((await geo(good, '--step', '7')).out).toContain('curvature of 2 layers after step 5');
    expect(await geo(good, '--step', '4')).toMatchObject({
      exitCode: 2,
      err: 'error: --step: expected a step with curvature, got 4\n  hint: the first report is of step 5\n',
    });
  });

  it('lists every report of one layer', async () => {
    const { out } = await geo(good, '--history', 'stem');
    expect(out).toContain('2 reports of stem');
    expect(out).toMatch(/^ +5 {2}kronecker +1200 /m);
    expect(out).toMatch(/^ +10 {2}kronecker +1300 /m);
    expect((await geo(good, '--history', 'stm')).err).toBe(
      'error: --history: expected a layer that has reported, got stm\n  hint: did you mean "stem"?\n',
    );
  });

  it('answers programs in an envelope', async () => {
    const { data } = JSON.parse((await geo(good, '--format', 'json')).out) as { data: Record<string, unknown> };
    expect(data).toMatchObject({ runId: good, directory: join(runs, good), step: 10 });
    const layers = data.layers as readonly Record<string, unknown>[];
    expect(layers.map(({ layer, step }) => [layer, step])).toEqual([
      ['stem', 10],
      ['head', 5],
      ['block1/scale', 10],
    ]);
    const history = JSON.parse((await geo(good, '--history', 'head', '--format', 'json')).out) as { data: Record<string, unknown> };
    expect(history.data).toMatchObject({ layer: 'head', history: [{ step: 5, conditionA: 9e6 }] });
    expect((await geo(good, '--format', 'jsonl')).out).toContain('Allowed choices are text, json');
  });

  it('finds a run by its folder, by its name (the newest) and by the beginning of its id', async () => {
    expect((await geo(join(runs, good))).out).toContain(good);
    expect((await geo('digits-n')).out).toContain(good);
    expect((await geo('digits-mlp')).out).toContain('digits-mlp-20260102-120000-0002');
    expect(await geo('digits-m')).toMatchObject({
      exitCode: 2,
      err: `error: run: expected the beginning of one run's id, got digits-m, which 2 in ${runs} begin with\n  hint: write more of it: digits-mlp-20260101-120000-0001, digits-mlp-20260102-120000-0002\n`,
    });
  });

  it('suggests the run that was meant', async () => {
    expect(await geo('digits-ndn')).toMatchObject({
      exitCode: 2,
      err: 'error: run: expected a run id, its beginning or a run folder, got digits-ndn\n  hint: did you mean "digits-ndm"?\n',
    });
    expect((await geo('zzz')).err).toContain(`the newest in ${runs}: digits-mlp-`);
  });

  it('says which methods report when a run has no curvature', async () => {
    const id = writeRun(
      'plain-20260101-120000-0003',
      [{ sequence: 1, type: 'run.accepted', at: '', data: {} }],
      ['adam', 'frozen', 'adam'],
    );
    expect(await geo(id)).toMatchObject({
      exitCode: 1,
      err: `error: run ${id}: expected reports of curvature, got none from adam, frozen\n  hint: kfac, metric-kfac, ekfac, diagonal, block and cg with a preconditioner report, from their first refresh on\n`,
    });
  });

  it('names the line of a corrupt file, and reads a run that still writes its last line', async () => {
    const id = writeRun('corrupt-20260101-120000-0004', [refreshed(1, [stem]), '{"sequence": 2, "typ']);
    expect(await geo(id)).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining(
        `${join(runs, id, 'events.ndjson')}:2: expected an event as JSON, got "{\\"sequence\\": 2, \\"typ"`,
      ) as string,
    });
    writeFileSync(join(runs, id, 'events.ndjson'), `${JSON.stringify(refreshed(1, [stem]))}\n{"sequence": 2, "typ`);
    expect((await geo(id)).exitCode).toBe(0);
  });
});
