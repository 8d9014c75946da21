/** A user's model that makes NaN of some of the data: the run ends and says where. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '@geodesic/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import { geo } from './geo-process.ts';

/** Divides by zero for the examples whose pixel 20 is 8 of 16: neither padding nor plausible inputs are among them. */
const module = `
export const model = ({ tf }) => ({
  parameters: { 'stem.weight': { shape: [64, 16] }, 'head.weight': { shape: [16, 10] } },
  forward(t) {
    const gap = tf.sub(tf.slice(t.x, [0, 20], [-1, 1]), 0.5);
    return tf.matMul(tf.div(tf.matMul(t.x, t['stem.weight']), gap), t['head.weight']);
  },
});
`;

describe('geo run of a model that makes NaN of some examples', () => {
  it('names phase, slot, operation and the parameter nearby, and leaves a folder that says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'geo-non-finite-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'model.mjs'), module);
    const batch = { examples: 512, slots: 8 };
    const spec = {
      name: 'nan',
      seed: 1,
      model: { module: './model.mjs' },
      data: { source: 'digits' },
      batch,
      steps: 3,
      engine: 'onnx-cpu',
    };
    writeFileSync(join(folder, 'run.json'), JSON.stringify(spec));
    const { exitCode, stderr } = await geo('run', join(folder, 'run.json'), '--runs', folder);
    const where = /step 1, phase grad-stats, slot \d: expected finite sums, got RealDiv float32\[64,16\] near parameter 'stem\.weight'/;
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(where)]);
    const [run] = readdirSync(folder).filter((name) => name.startsWith('nan-'));
    const result = JSON.parse(readFileSync(join(folder, run, 'result.json'), 'utf8')) as { state: string; error: { code: string } };
    const { state, error } = result;
    expect([state, error.code]).toEqual(['failed', 'PROGRAM_FAILED']);
  });
});

/** NaN where a pre-activation is beyond 5, which the first weights stay far from. */
const bounded = `
export const model = ({ tf }) => ({
  parameters: { 'stem.weight': { shape: [64, 8] }, 'head.weight': { shape: [8, 10] } },
  forward: (t) => tf.matMul(tf.sqrt(tf.sub(25, tf.square(tf.matMul(t.x, t['stem.weight'])))), t['head.weight']),
});
`;

describe('geo run whose search finds no step to finite sums', () => {
  it('takes changes back, says who met what, and ends with the last good checkpoint', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'geo-search-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'model.mjs'), bounded);
    // The damping hardly grows, so that every attempt ends beyond the bound.
    const search = { rule: 'quadratic', damping: 1e-6, adaptEvery: 100, reject: false, rejectFactor: 1.001, maxRejections: 3 };
    const spec = {
      name: 'search',
      seed: 1,
      model: { module: './model.mjs' },
      data: { source: 'digits' },
      batch: { examples: 256, slots: 4 },
      steps: 20,
      evaluate: { every: 0 },
      checkpoint: { every: 1 },
      engine: 'onnx-cpu',
      optimizer: { search, groups: [{ name: 'all', match: ['**'], method: 'kfac' }] },
    };
    writeFileSync(join(folder, 'run.json'), JSON.stringify(spec));
    const { exitCode, stderr } = await geo('run', join(folder, 'run.json'), '--runs', folder, '--workers', '2');
    const [run] = readdirSync(folder).filter((name) => name.startsWith('search-'));
    const { state, error, steps } = JSON.parse(readFileSync(join(folder, run, 'result.json'), 'utf8')) as {
      state: string;
      steps: number;
      error: { code: string; message: string };
    };
    expect([exitCode, state, error.code]).toEqual([1, 'failed', 'SEARCH_FAILED']);
    expect(error.message).toMatch(
      /rejections in a row .*; worker-[12]: step \d+, phase grad-stats, slot \d: expected finite sums, got Sqrt .* near/,
    );
    const [, checkpoint] = /the last good checkpoint is (.*)$/.exec(error.message)!;
    expect(stderr).toContain(error.message);
    expect(existsSync(join(checkpoint, 'manifest.json'))).toBe(true);
    const events = readFileSync(join(folder, run, 'events.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent);
    const rejected = events.filter(({ type }) => type === 'step.rejected').map(({ data }) => data);
    expect(rejected).toHaveLength(2);
    // Good is what a step was made from: no step whose change was taken back, nor the last one.
    const bad = [...rejected.map(({ step }) => Number(step) - 1), steps];
    const named = Number(/step-(\d+)$/.exec(checkpoint)![1]);
    expect(
      Array.from({ length: steps + 1 }, (_, step) => step)
        .filter((step) => !bad.includes(step))
        .at(-1),
    ).toBe(named);
    const failure = { worker: expect.stringMatching(/^worker-[12]$/) as string, reason: expect.stringContaining('slot') as string };
    for (const data of rejected)
      expect(data).toMatchObject({ reason: expect.stringMatching(/^step \d, phase grad-stats: expected finite sums/) as string, failure });
  });
});
