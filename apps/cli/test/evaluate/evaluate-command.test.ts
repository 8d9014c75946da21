/** `geo evaluate` of a run folder, in this process. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/program.ts';
import { evaluatedRun, spiralBundle, type EvaluatedFixture } from './evaluated-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'geodesic-evaluate-command-'));
let run: EvaluatedFixture;
let copies = 0;

beforeAll(async () => {
  run = await evaluatedRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function evaluate(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const stdout = { write: (more: string) => void (text.out += more) };
  const stderr = { write: (more: string) => void (text.err += more) };
  return { exitCode: await runProgram(['evaluate', ...argv], { stdout, stderr, env: {} }), ...text };
}

interface Envelope {
  readonly data: { readonly split: string; readonly evaluations: readonly Record<string, unknown>[]; readonly skipped: readonly unknown[] };
  readonly error: { readonly code: string; readonly hint: string };
}

function envelopeOf({ out }: { readonly out: string }): Envelope {
  return JSON.parse(out.trimEnd().split('\n').at(-1)!) as Envelope;
}

/** The run's own evaluation as its event has it. */
function own(step: number, split = 'validation'): object {
  const { columns, ...evaluation } = run.evaluations.find((one) => one.step === step && one.split === split)!;
  return { ...evaluation, ...columns };
}

/** A copy of the run for one test to damage. */
function copied(): string {
  const path = join(folder, `copy-${(copies += 1)}`, run.runId);
  cpSync(run.path, path, { recursive: true });
  return path;
}

function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  writeFileSync(path, bytes);
}

describe('geo evaluate', () => {
  it('evaluates the newest checkpoint, or the one that is named', async () => {
    const newest = await evaluate(run.runId, '--runs', run.runs, '--format', 'json');
    expect(newest.exitCode).toBe(0);
    expect(envelopeOf(newest).data).toMatchObject({ split: 'validation', evaluations: [own(6)], skipped: [] });
    const { out, exitCode } = await evaluate('evaluated', '--runs', run.runs, '--from', 'step:2', '--split', 'validation');
    expect(out).toMatch(/^step 2 {2}validation loss [\d.]+ {2}accuracy [\d.]+ % .* \d+ examples {2}[0-9a-f]{12}\n$/);
    expect(exitCode).toBe(0);
    expect(envelopeOf(await evaluate(run.path, '--split', 'test', '--format', 'json')).data.evaluations).toMatchObject([own(6, 'test')]);
  });

  it('follows a run to its end: every checkpoint once, as events and in the envelope', async () => {
    const followed = await evaluate(run.path, '--follow', '--format', 'jsonl');
    expect(followed).toMatchObject({ exitCode: 0, err: '' });
    const lines = followed.out.trimEnd().split('\n');
    const events = lines.slice(0, -1).map((line) => JSON.parse(line) as { type: string; data: { step: number } });
    expect(events.map(({ type, data }) => [type, data.step])).toEqual([0, 2, 4, 6].map((step) => ['geodesic.evaluator.result', step]));
    expect(events.slice(1).map(({ data }) => data)).toMatchObject([own(2), own(4), own(6)]);
    expect(envelopeOf(followed).data.evaluations.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
    const later = await evaluate(run.path, '-f', '--from', 'step:3');
    expect(later.out).toMatch(/^step 4 .*\nstep 6 .*\n.*: 2 checkpoints evaluated on validation\n$/);
  });

  it('leaves out a damaged checkpoint and one that is gone, says so, and ends with 1 for the damage', async () => {
    const path = copied();
    rmSync(join(path, 'checkpoints', 'step-000000'), { recursive: true });
    const gone = await evaluate(path, '-f');
    expect(gone).toMatchObject({ exitCode: 0, err: '' });
    expect(gone.out).toContain('3 checkpoints evaluated on validation, 1 gone before their turn');
    damage(join(path, 'checkpoints', 'step-000004', 'parameters.safetensors'), -1);
    const { exitCode, out, err } = await evaluate(path, '-f');
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^step 2 .*\nstep 6 .*\n.*2 checkpoints evaluated on validation, 1 gone before their turn, 1 damaged\n$/);
    expect(err).toMatch(/^geo: step 4 is left out: .*parameters\.safetensors/);
    expect(envelopeOf(await evaluate(path, '--from', 'step:4', '--format', 'json')).error.code).toBe('CHECKPOINT_DAMAGED');
    const missing = envelopeOf(await evaluate(path, '--from', 'step:3', '--format', 'json'));
    expect(missing.error).toMatchObject({ code: 'CHECKPOINT_MISSING', hint: 'checkpoints: steps 2, 4, 6' });
  });

  it('refuses a bundle that is not the one of the commit log', async () => {
    const path = copied();
    writeFileSync(join(path, 'bundle.bin'), spiralBundle({ seed: 6 }));
    const { exitCode, err } = await evaluate(path);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/bundle\.bin of sha256:[0-9a-f]{64}, which the commit log names, got sha256:/);
  });

  it('refuses a split that is none, and a run that is none', async () => {
    expect((await evaluate(run.path, '--split', 'train')).exitCode).toBe(2);
    expect(envelopeOf(await evaluate('nothing', '--runs', run.runs, '--format', 'json')).error.code).toBe('RUN_UNKNOWN');
  });
});
