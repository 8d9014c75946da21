/** Checkpoints on held-out data: the numbers of the run itself, and what is refused. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32Tensor, paramsDigest, type Checkpoint } from '@geodesic/checkpoint';
import { writeIdxFiles } from '@geodesic/testing';
import { decodeBundle } from '@geodesic/engine';
import { makeLayout } from '@geodesic/tensor';
import { buildBundle } from '../../src/build-bundle.ts';
import { CheckpointEvaluator } from '../../src/evaluate/checkpoint-evaluator.ts';
import { dataOf } from '../../src/evaluate/evaluation-result.ts';
import { specOf } from '../run-in-process.ts';
import { evaluatedRun, spiralBundle, type EvaluatedFixture } from './evaluated-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'geodesic-evaluate-test-'));
let run: EvaluatedFixture;

beforeAll(async () => {
  run = await evaluatedRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A checkpoint with some tensors replaced; its facts name the parameters that it then has. */
function withParameters({ manifest, files }: Checkpoint, value: number): Checkpoint {
  const parameters = files.get('parameters.safetensors')!;
  const tensors = new Map(
    [...parameters.tensors].map(([name, { shape, data }]) => [name, float32Tensor(shape, new Float32Array(data.length).fill(value))]),
  );
  const layout = makeLayout(decodeBundle(run.bundle).parameters);
  const facts = { ...manifest.facts, paramsDigest: paramsDigest(layout, new Float32Array(layout.size).fill(value)) };
  return { manifest: { ...manifest, facts }, files: new Map([...files, ['parameters.safetensors', { ...parameters, tensors }]]) };
}

describe('CheckpointEvaluator', () => {
  it.each(['validation', 'test'] as const)("gives the bits of the run's own evaluations on %s", async (split) => {
    const evaluator = await CheckpointEvaluator.open(run.bundle, { run: run.runId, split });
    const own = run.evaluations.filter((evaluation) => evaluation.split === split);
    expect(own.map(({ step }) => step)).toEqual(split === 'test' ? [6] : [2, 4, 6]);
    for (const { columns = {}, ...evaluation } of own) {
      const { manifest, ...checkpoint } = await run.store.read(evaluation.step);
      const { paramsDigest: digest, fingerprint, ...result } = await evaluator.evaluate({ manifest, ...checkpoint });
      expect(result).toStrictEqual({ ...evaluation, columns });
      expect(digest).toBe(manifest.facts['paramsDigest']);
      expect(fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
  });

  it('reads parameters and state only, and says the same of the same checkpoint', async () => {
    const checkpoint = await run.store.read(4);
    const files = new Map([...checkpoint.files].filter(([name]) => name !== 'optimizer.safetensors'));
    const first = await CheckpointEvaluator.open(run.bundle, { run: run.runId });
    const second = await CheckpointEvaluator.open(run.bundle, { run: run.runId });
    await second.evaluate(await run.store.read(6));
    expect(first.split).toBe('validation');
    expect(await second.evaluate({ ...checkpoint, files })).toStrictEqual(await first.evaluate(checkpoint));
  });

  it('evaluates the test split of a run that holds nothing back for validation, and refuses the split that is empty', async () => {
    const bundle = spiralBundle({ data: { source: 'spiral', points: 90 } });
    expect((await CheckpointEvaluator.open(bundle, { run: 'r' })).split).toBe('test');
    await expect(CheckpointEvaluator.open(bundle, { run: 'r', split: 'validation' })).rejects.toMatchObject({
      code: 'SPLIT_EMPTY',
      hint: expect.stringContaining('--split test') as string,
    });
  });

  it('tells numbers that are not finite as null, with a note that names them or where they come from', async () => {
    const evaluator = await CheckpointEvaluator.open(run.bundle, { run: run.runId });
    const result = await evaluator.evaluate(withParameters(await run.store.read(4), NaN));
    expect(result).toMatchObject({ step: 4, loss: null, note: expect.stringMatching(/not finite|NaN|infinit/i) as string });
    expect(result.examples).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(dataOf(result)))).toMatchObject({ loss: null });
    // It goes on afterwards.
    expect((await evaluator.evaluate(await run.store.read(4))).loss).toBeTypeOf('number');
  });

  it('refuses a checkpoint of another run, of another model, and one with other parameters than it names', async () => {
    const checkpoint = await run.store.read(4);
    const open = (bundle: Uint8Array, id = run.runId): Promise<CheckpointEvaluator> => CheckpointEvaluator.open(bundle, { run: id });
    const refusal = (text: string): object => ({ code: 'CHECKPOINT_UNFIT', message: expect.stringContaining(text) as string });
    await expect((await open(run.bundle, 'another')).evaluate(checkpoint)).rejects.toMatchObject(
      refusal(`expected a checkpoint of this run, got one of ${run.runId}`),
    );
    const wider = spiralBundle({ model: { recipe: 'mlp-classifier', hidden: [6, 4] } });
    await expect((await open(wider)).evaluate(checkpoint)).rejects.toMatchObject(refusal('parameters.safetensors'));
    const { facts } = checkpoint.manifest;
    const altered = { ...checkpoint, manifest: { ...checkpoint.manifest, facts: { ...facts, paramsDigest: 'sha256:0' } } };
    await expect((await open(run.bundle)).evaluate(altered)).rejects.toMatchObject(refusal('expected parameters of sha256:0, got sha256:'));
  });

  it('says which file of the data is not on this host', async () => {
    const data = writeIdxFiles(folder);
    const spec = {
      name: 'idx',
      seed: 1,
      model: { recipe: 'mlp-classifier', hidden: [3] },
      data,
      batch: { examples: 4, slots: 2 },
      steps: 1,
    };
    const { bundle } = buildBundle(specOf({ ...spec, engine: 'reference' }), undefined, { folder });
    renameSync(data.testImages, `${data.testImages}.gone`);
    await expect(CheckpointEvaluator.open(bundle, { run: 'r' })).rejects.toMatchObject({
      code: 'DATA_INVALID',
      exitCode: 1,
      message: expect.stringContaining('testImages.idx') as string,
      hint: expect.stringContaining('on its own host') as string,
    });
  });
});
