// Proves that package-lock.json covers every workspace: `npm ci --dry-run` must succeed without a "Missing" or an engine mismatch, and
// the lock's copy of each workspace's dependencies must be current, which npm itself does not check.
import { isDeepStrictEqual } from 'node:util';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runMain, runProgram } from './install.mjs';

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** The workspaces whose dependencies differ from those that the lock file remembers. */
function staleWorkspaces() {
  const { packages } = readJson('package-lock.json');
  const workspaces = Object.keys(packages).filter((path) => !path.includes('node_modules'));
  return workspaces.filter((path) => {
    const manifest = readJson(join(path, 'package.json'));
    return ['dependencies', 'devDependencies', 'optionalDependencies'].some(
      (kind) => !isDeepStrictEqual(manifest[kind] ?? {}, packages[path][kind] ?? {}),
    );
  });
}

await runMain(async () => {
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { code, output } = await runProgram(command, [...before, 'ci', '--dry-run', '--no-audit', '--no-fund'], {
    quiet: true,
    shell: process.platform === 'win32',
  });
  const complaints = output.split('\n').filter((line) => /\bMissing\b|EBADENGINE|EUSAGE|Unsupported engine/.test(line));
  for (const path of staleWorkspaces()) complaints.push(`Stale in package-lock.json: the dependencies of ${path || 'the root'}`);
  for (const complaint of complaints) console.error(complaint);
  if (code !== 0 && complaints.length === 0) console.error(output);
  console.log(
    `npm ci --dry-run in ${root}: ${complaints.length === 0 && code === 0 ? 'complete' : 'incomplete (run npm install --package-lock-only and commit package-lock.json)'}`,
  );
  return complaints.length === 0 ? code : 1;
});
