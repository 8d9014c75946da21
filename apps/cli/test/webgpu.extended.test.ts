/** A whole run on WebGPU, on a software adapter: parameters go to the device once a step, and the model learns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSoftwareAdapter } from '@geodesic/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { startGeoIn } from './geo-process.ts';

const adapter = findSoftwareAdapter();
if ('reason' in adapter) process.stderr.write(`SKIPPED: a run on onnx-webgpu: ${adapter.reason}\n`);

const spec = {
  name: 'webgpu',
  seed: 1,
  model: { recipe: 'mlp-classifier', hidden: [16] },
  data: { source: 'digits' },
  batch: { examples: 128, slots: 2 },
  steps: 4,
  cluster: { workers: 2 },
};

describe.skipIf('reason' in adapter)('geo run with engine: onnx-webgpu', () => {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-webgpu-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The last loss of a run on an engine. */
  async function lossOn(engine: string): Promise<number> {
    const path = join(folder, `${engine}.json`);
    writeFileSync(path, JSON.stringify({ ...spec, engine, exactness: 'relaxed' }));
    const env = 'env' in adapter ? adapter.env : {};
    const { exitCode, stdout, stderr } = await startGeoIn(env, 'run', path, '--runs', folder, '--format', 'jsonl').ended;
    expect(`${stderr}${exitCode}`).toBe('0');
    const losses = stdout.match(/"loss":([0-9.]+)/g) ?? [];
    return Number(losses[losses.length - 1].slice('"loss":'.length));
  }

  it('ends with the loss of the processor, but for rounding', async () => {
    const [device, processor] = [await lossOn('onnx-webgpu'), await lossOn('onnx-cpu')];
    expect(Math.abs(device - processor)).toBeLessThan(1e-3 * processor);
  });
});
