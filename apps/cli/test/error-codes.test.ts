/** docs/errors.md names every error code that a process can end with. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Codes where errors are made (`code: 'X'`, `Error('X'`), or listed as a type (`'X' | 'Y'`). */
const MADE = /(?:code: |Error\(|\| |\n {2})'([A-Z]+(?:_[A-Z]+)*)'/g;

function codesOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => codesIn(join(folder, name)));
}

function codesIn(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(MADE)].map(([, code]) => code);
}

it('every code in the source is documented', () => {
  const folders = ['apps/cli/src', 'apps/coordinator/src', 'apps/worker/src', 'libs/wire/src'];
  const ofRuns = codesIn(join(root, 'libs/run-store/src/errors.ts')); // its other files name the system's codes, too
  const made = [...new Set([...folders.flatMap((folder) => codesOf(join(root, folder))), ...ofRuns])];
  expect(made).toEqual(expect.arrayContaining(['SEARCH_FAILED', 'SPEC_INVALID', 'DIVERGED', 'UNREACHABLE', 'PORT_IN_USE', 'LOG_DEPOSED']));
  const documented = new Set(readFileSync(join(root, 'docs/errors.md'), 'utf8').match(/[A-Z]+(?:_[A-Z]+)*/g));
  expect(made.filter((code) => !documented.has(code))).toEqual([]);
});
