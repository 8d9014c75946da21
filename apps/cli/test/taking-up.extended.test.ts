/** Runs that are stopped, killed whole, taken up by `geo resume`, forked and verified, on real processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataOf, geo, processesNaming, startGeo, type GeoProcess } from './geo-process.ts';

const ndm = 'examples/digits-ndm.yaml';
const short = ['--set', 'steps=24', '--set', 'evaluate.every=8', '--set', 'checkpoint.every=6'];
let runs: string;

beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'geo-taking-up-'))));

afterEach(() => {
  expect(processesNaming(runs)).toEqual([]);
  rmSync(runs, { recursive: true });
});

async function data(...argv: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const result = await geo(...argv, '--runs', runs, '--format', 'json');
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  return dataOf(result);
}

async function undisturbed(): Promise<unknown> {
  return (await data('run', ndm, ...short, '--workers', '1'))['paramsDigest'];
}

function start(): GeoProcess {
  return startGeo('run', ndm, ...short, '--runs', runs, '--format', 'jsonl', '--workers', '2');
}

function afterStep(running: GeoProcess, step: number): Promise<unknown> {
  return running.event((event) => event.type === 'step.committed' && event.data['step'] === step);
}

/** The error's code of a `geo` that failed. */
function codeOf(stdout: string): string {
  return (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error: { code: string } }).error.code;
}

describe('geo resume', () => {
  it('takes up a run of which every process was killed, with another number of workers, and has the same bits', async () => {
    const running = start();
    await afterStep(running, 8);
    for (const line of processesNaming(runs)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    running.child.kill('SIGKILL');
    await running.ended;
    await expect.poll(() => processesNaming(runs)).toEqual([]);
    const resumed = startGeo('resume', 'digits-ndm', '--runs', runs, '--format', 'jsonl', '--workers', '3');
    expect((await resumed.event(({ type }) => type === 'run.resumed')).data).toMatchObject({ term: 2 });
    const result = await resumed.ended;
    expect(result.exitCode).toBe(0);
    expect(result.stdout).not.toContain('"step":3,'); // what was shown before is not shown again
    expect(dataOf(result)['paramsDigest']).toBe(await undisturbed());
    expect(await data('verify', String(dataOf(result)['runId']), '--recompute', '5..10')).toMatchObject({ sound: true });
  });

  it('takes up a run that was stopped by Ctrl-C or geo stop, from any of its checkpoints', async () => {
    const running = start();
    await afterStep(running, 7);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ exitCode: 4 });
    const second = startGeo('resume', 'digits-ndm', '--from', 'step:0', '--runs', runs, '--format', 'jsonl');
    await afterStep(second, 14);
    expect(await data('stop', 'digits-ndm')).toMatchObject({ action: 'stop' });
    const stopped = await second.ended;
    expect({ exitCode: stopped.exitCode, code: codeOf(stopped.stdout) }).toEqual({ exitCode: 4, code: 'STOPPED' });
    const last = await data('resume', 'digits-ndm');
    expect(last['paramsDigest']).toBe(await undisturbed());
    expect(await data('verify', String(last['runId']))).toMatchObject({ sound: true, log: { terms: 3 } });
  });

  it('ends the pause of a run that was killed while it was paused', async () => {
    const running = start();
    await afterStep(running, 2);
    const { step } = await data('pause', 'digits-ndm');
    await running.event(({ type }) => type === 'run.paused');
    for (const line of processesNaming(runs)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    running.child.kill('SIGKILL');
    await running.ended;
    await expect.poll(() => processesNaming(runs)).toEqual([]);
    const resumed = startGeo('resume', 'digits-ndm', '--runs', runs, '--format', 'jsonl');
    await resumed.event(({ type }) => type === 'run.paused');
    expect((await resumed.event(({ type }) => type === 'run.continued')).data).toMatchObject({ step });
    expect(await resumed.ended).toMatchObject({ exitCode: 0 });
  });

  it('leaves a run alone that somebody leads, unless it is told to take it over', async () => {
    const running = startGeo('run', ndm, ...short, '--set', 'steps=4000', '--runs', runs, '--format', 'jsonl', '--workers', '1');
    await afterStep(running, 3);
    const refused = await geo('resume', 'digits-ndm', '--runs', runs, '--format', 'json');
    expect({ exitCode: refused.exitCode, code: codeOf(refused.stdout) }).toEqual({ exitCode: 1, code: 'RUN_ACTIVE' });
    const taken = startGeo('resume', 'digits-ndm', '--takeover', '--runs', runs, '--format', 'jsonl');
    await taken.event(({ type }) => type === 'step.committed');
    expect((await running.ended).exitCode).not.toBe(0);
    taken.child.kill('SIGINT');
    expect((await taken.ended).exitCode).toBe(4);
    expect(await data('verify', 'digits-ndm')).toMatchObject({ sound: true });
  });
});

describe('geo fork', () => {
  it('goes on from a checkpoint with the same bits when nothing is changed, and with others when something is', async () => {
    const original = await data('run', ndm, ...short);
    const id = String(original['runId']);
    const same = await data('fork', id, '--from', 'step:12', '--workers', '1');
    expect(same['paramsDigest']).toBe(original['paramsDigest']);
    const other = await data('fork', id, '--from', 'step:12', '--set', 'optimizer.groups.2.learningRate=0.01', '--set', 'steps=30');
    expect(other['steps']).toBe(30);
    expect(other['paramsDigest']).not.toBe(original['paramsDigest']);
    expect(await data('verify', String(other['runId']), '--recompute', '13..15')).toMatchObject({ sound: true });
  });

  it('takes the parameters alone for another method', async () => {
    const original = await data('run', ndm, ...short);
    const adam = "optimizer.groups=[{name: all, match: ['**'], method: adam}]";
    const forked = await data('fork', String(original['runId']), '--fresh-optimizer', '--set', adam, '--set', 'steps=5');
    expect(forked).toMatchObject({ state: 'completed', steps: 5 });
  });
});
