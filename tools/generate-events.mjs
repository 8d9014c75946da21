#!/usr/bin/env node
/**
 * Generates docs/events.md from the catalogue of libs/events: the page is a snapshot of tools/test/events-page.test.ts, which
 * `npm test` compares. `--check` writes nothing and fails when the page is not what the catalogue says.
 */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', 'tools/test/events-page.test.ts'];
const check = process.argv.includes('--check');

try {
  // With CI set, vitest writes no snapshot that is missing either.
  const env = check ? { ...process.env, CI: 'true' } : process.env;
  execFileSync(process.execPath, check ? vitest : [...vitest, '--update'], { cwd: root, env, stdio: check ? 'inherit' : 'ignore' });
} catch {
  const failure = check ? 'is not what the catalogue says: run "node tools/generate-events.mjs"' : 'could not be written';
  process.stderr.write(`docs/events.md ${failure}\n`);
  process.exitCode = 1;
}
