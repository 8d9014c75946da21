#!/usr/bin/env node
/**
 * Generates docs/capabilities.md from the emission rules: the page is a snapshot of libs/engine/test/capabilities.test.ts, which
 * `npm test` compares. `--check` writes nothing and fails when the page is not what the rules give.
 */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', 'libs/engine/test/capabilities.test.ts'];
const check = process.argv.includes('--check');

try {
  // With CI set, vitest writes no snapshot that is missing either.
  const env = check ? { ...process.env, CI: 'true' } : process.env;
  execFileSync(process.execPath, check ? vitest : [...vitest, '--update'], { cwd: root, env, stdio: check ? 'inherit' : 'ignore' });
} catch {
  const failure = check ? 'is not what the emission rules give: run "node tools/generate-capabilities.mjs"' : 'could not be written';
  process.stderr.write(`docs/capabilities.md ${failure}\n`);
  process.exitCode = 1;
}
