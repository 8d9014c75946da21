/** A run of real processes that is paused, scaled, drained and resumed by commands of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runProgram } from '../src/program.ts';
import { dataOf, processesNaming, startGeo } from './geo-process.ts';

const mlp = 'examples/digits-mlp.yaml';
let runs: string;

beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'geo-steering-'))));

afterEach(() => {
  expect(processesNaming(runs)).toEqual([]);
  rmSync(runs, { recursive: true });
});

/** A command about the only run, answered as data; in this process, which saves its start. */
async function steer(verb: string, ...rest: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const output = { stdout: '', stderr: '' };
  const stdout = { write: (text: string) => void (output.stdout += text) };
  const stderr = { write: (text: string) => void (output.stderr += text) };
  const argv = [verb, 'digits-mlp', ...rest, '--runs', runs, '--format', 'json'];
  const exitCode = await runProgram(argv, { stdout, stderr, env: {} });
  expect({ exitCode, ...output }).toMatchObject({ exitCode: 0, stderr: '' });
  return dataOf({ exitCode, ...output });
}

it('does what geo pause, scale, drain, resume and stop ask, between two steps, without a changed bit', async () => {
  const options = ['--set', 'steps=100000', '--set', 'evaluate.every=0', '--workers', '2'];
  const running = startGeo('run', mlp, ...options, '--runs', runs, '--format', 'jsonl');
  await running.event(({ type }) => type === 'step.committed');
  const step = Number((await steer('pause', '--reason', 'a look around'))['step']);
  expect(await running.event(({ type }) => type === 'run.paused')).toMatchObject({ data: { step } });
  await steer('scale', '3');
  await running.event(({ type, data }) => type === 'worker.joined' && data['worker'] === 'worker-3');
  await steer('drain', 'worker-1');
  await running.event(({ type, data }) => type === 'worker.lost' && data['worker'] === 'worker-1');
  expect(await steer('resume')).toMatchObject({ action: 'resume', step });
  await running.event(({ type }) => type === 'run.continued');
  await running.event((event) => event.type === 'step.committed' && event.data['step'] === step + 10);
  await steer('stop');
  expect(await running.ended).toMatchObject({ exitCode: 4, stderr: '' });
  // One worker alone, in this process, over the steps before and after the pause.
  expect(await steer('verify', '--recompute', `${step - 1}..${step + 10}`)).toMatchObject({ sound: true, faults: [] });
});
