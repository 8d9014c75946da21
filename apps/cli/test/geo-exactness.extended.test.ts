/** `geo run` on real processes has the same bits with any number of workers, with every part of the natural gradient, and when a worker is killed. */
import { beforeEach, describe, expect, it } from 'vitest';
import { dataOf, geo, startGeo } from './geo-process.ts';
import { ndm, short, trainOn, undisturbedDigest, useRunsFolder } from './short-runs.ts';

const adaptive = 'examples/digits-kfac-adaptive.yaml';
let runs: string;
const place = useRunsFolder();

beforeEach(() => (runs = place.folder));

describe('geo run', () => {
  it('gives the manifold the same bits with 1, 2, 3 and 4 workers', async () => {
    const digests = [];
    for (const workers of ['1', '2', '3', '4']) digests.push((await trainOn(runs, ndm, '--workers', workers))['paramsDigest']);
    expect(new Set(digests).size).toBe(1);
  });

  it('gives the same bits when a worker is killed in mid-run, and says that it was replaced', async () => {
    const running = startGeo('run', ndm, ...short, '--runs', runs, '--format', 'jsonl', '--set', 'steps=20', '--workers', '3');
    const { data } = await running.event(({ type }) => type === 'worker.joined');
    await running.event(({ type }) => type === 'step.committed');
    process.kill(Number(data['pid']), 'SIGKILL');
    const result = await running.ended;
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('killed by SIGKILL); started again (1 of 3)');
    expect(dataOf(result)['paramsDigest']).toBe(await undisturbedDigest(runs));
  });
});

describe('geo run of a model that the user brings', () => {
  it.each(['digits-layers-model', 'digits-custom-model'])('gives the same bits with one worker and with three: %s', async (example) => {
    const digests = [];
    for (const workers of ['1', '3'])
      digests.push((await trainOn(runs, `examples/${example}/run.yaml`, '--workers', workers))['paramsDigest']);
    expect(new Set(digests).size).toBe(1);
  });
});

describe('geo run with a search, a codec and probes', () => {
  it('has the same bits with 1 and 3 workers, and geo curvature reads the run', async () => {
    const options = ['--set', 'optimizer.codec.kind=int8', '--set', 'optimizer.codec.level=2', '--set', 'optimizer.probeEvery=3'];
    const [alone, together] = [
      await trainOn(runs, adaptive, '--workers', '1', ...options),
      await trainOn(runs, adaptive, '--workers', '3', ...options),
    ];
    expect(together['paramsDigest']).toBe(alone['paramsDigest']);
    expect(together['measurements']).toMatchObject({ damping: expect.any(Number) as number, reductionRatio: expect.any(Number) as number });
    const { step, layers } = dataOf(await geo('curvature', String(together['runId']), '--runs', runs, '--format', 'json'));
    expect(step).toBe(6);
    const rows = layers as readonly Readonly<Record<string, unknown>>[];
    expect(rows.map(({ layer }) => layer)).toEqual(['encoder1', 'encoder2', 'encoder3', 'decoder1', 'decoder2', 'decoder3']);
    for (const row of rows) expect(row['probeError']).toBeGreaterThan(0);
  });
});
