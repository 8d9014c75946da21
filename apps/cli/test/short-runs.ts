/** Short runs of `geo` by real processes, in a folder that every test has for itself and that no process may still use after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { dataOf, geo, processesNaming } from './geo-process.ts';

export const ndm = 'examples/digits-ndm.yaml';
export const short: readonly string[] = ['--set', 'steps=6', '--set', 'evaluate.every=3', '--set', 'checkpoint.every=3'];

/** Gives every test of this file a folder of runs, and looks after it that nothing is left. */
export function useRunsFolder(): { readonly folder: string } {
  const place = { folder: '' };
  beforeEach(() => {
    place.folder = mkdtempSync(join(tmpdir(), 'geo-runs-'));
  });
  afterEach(() => {
    expect(processesNaming(place.folder)).toEqual([]);
    rmSync(place.folder, { recursive: true });
  });
  return place;
}

/** Trains a short run of a spec and returns the envelope's data. */
export async function trainOn(runs: string, spec: string, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const result = await geo('run', spec, ...short, '--runs', runs, '--format', 'json', ...args);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
  return dataOf(result);
}

/** The digest of the manifold's 20 steps by one worker whom nobody disturbs. */
export async function undisturbedDigest(runs: string): Promise<unknown> {
  return (await trainOn(runs, ndm, '--set', 'steps=20', '--workers', '1'))['paramsDigest'];
}
