import { decodeSafetensors, encodeSafetensors, float32Tensor, type CheckpointFile } from '@geodesic/checkpoint';
import { makeLayout } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { committedFiles, optimizerFile, resumedRun } from '../src/checkpoint-content.ts';

const layout = makeLayout([
  { name: 'weight', shape: [2, 2] },
  { name: 'bias', shape: [2] },
]);
const arrays = {
  parameters: Float32Array.of(1, 2, 3, 4, 5, 6),
  state: Float32Array.of(0.5),
  previous: Float32Array.of(-1, 0, 1, 0, -0, 2),
};
const optimizer = { 'all/velocity': Float64Array.of(0.1, 1e-300), step: Float64Array.of(7) };

type Files = Readonly<Record<string, CheckpointFile>>;
const files = (changes: Files = {}): Files => ({ ...committedFiles(arrays, layout), ...optimizerFile(optimizer), ...changes });

/** As they come back from a disk. */
const stored = (written: Files): ReadonlyMap<string, CheckpointFile> =>
  new Map(Object.entries(written).map(([name, { tensors, metadata }]) => [name, decodeSafetensors(encodeSafetensors(tensors, metadata))]));

describe('resumedRun', () => {
  it('is what was committed and what the trainer kept, bit for bit', () => {
    expect(resumedRun(stored(files()), { step: 7, layout })).toEqual({ step: 7, ...arrays, optimizer });
  });

  it('has no last change in a run that never reads it', () => {
    const written = { ...files(), ...committedFiles({ ...arrays, previous: new Float32Array(0) }, layout) };
    expect(resumedRun(stored(written), { step: 7, layout }).previous).toHaveLength(0);
  });

  it('shares no array with its files, nor do these with what they were made of', () => {
    const written = files();
    const found = resumedRun(new Map(Object.entries(written)), { step: 7, layout });
    found.state.fill(9);
    found.optimizer['step'].fill(9);
    found.previous.fill(9);
    found.parameters.fill(9);
    expect(written).toEqual(files());
    expect([...arrays.parameters, ...arrays.state]).toEqual([1, 2, 3, 4, 5, 6, 0.5]);
  });

  it.each<[string, Files, string]>([
    ['a tensor', { 'state.safetensors': { tensors: new Map() } }, 'resume: expected a tensor state in state.safetensors, got none'],
    [
      'a shape',
      { 'parameters.safetensors': { tensors: new Map([['weight', float32Tensor([4], new Float32Array(4))]]) } },
      'resume: expected weight in parameters.safetensors to be a Float32Array [2,2], got F32 [4]',
    ],
    [
      'a type',
      { 'optimizer.safetensors': { tensors: new Map([['step', float32Tensor([1], new Float32Array(1))]]) } },
      'resume: expected step in optimizer.safetensors to be a Float64Array [1], got F32 [1]',
    ],
    [
      'a tensor of another model',
      {
        'parameters.safetensors': {
          tensors: new Map([
            ...committedFiles(arrays, layout)['parameters.safetensors'].tensors,
            ['gain', float32Tensor([1], new Float32Array(1))],
          ]),
        },
      },
      'resume: expected no tensor gain in parameters.safetensors, which the model does not have, got one',
    ],
  ])('names %s that does not fit', (_, changes, message) => {
    expect(() => resumedRun(stored(files(changes)), { step: 7, layout })).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_UNFIT', message }),
    );
  });

  it('refuses the state after another step', () => {
    expect(() => resumedRun(stored(files()), { step: 8, layout })).toThrow(
      "resume: expected the optimizer's state after step 8, got that after step 7",
    );
  });

  it('takes a state without a version for the first one, and refuses a newer one with both numbers', () => {
    const { tensors } = files()['optimizer.safetensors'];
    expect(files()['optimizer.safetensors'].metadata).toEqual({ 'state-version': '1' });
    expect(resumedRun(stored(files({ 'optimizer.safetensors': { tensors } })), { step: 7, layout }).optimizer).toEqual(optimizer);
    const newer = files({ 'optimizer.safetensors': { tensors, metadata: { 'state-version': '2' } } });
    expect(() => resumedRun(stored(newer), { step: 7, layout })).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_UNFIT',
        message: 'resume: expected optimizer.safetensors of state-version 1, got 2',
        hint: 'resume with the version of Geodesic that wrote the checkpoint',
      }),
    );
  });

  it('names a file that is missing', () => {
    const rest = new Map([...stored(files())].filter(([name]) => name !== 'optimizer.safetensors'));
    expect(() => resumedRun(rest, { step: 7, layout })).toThrow(
      'resume: expected a file optimizer.safetensors, got parameters.safetensors, state.safetensors',
    );
  });
});
