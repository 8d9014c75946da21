/** A user's model that makes NaN of some of the data: the run ends and says where. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
