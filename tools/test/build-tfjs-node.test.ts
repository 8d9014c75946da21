/** What the tool says before it installs and compiles anything; the build itself needs a TensorFlow. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../build-tfjs-node.mjs', import.meta.url));

function build(...args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
}

describe.runIf(process.platform === 'linux')('build-tfjs-node', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'geodesic-tensorflow-'));
    mkdirSync(join(root, 'headers/include/tensorflow/c/eager'), { recursive: true });
    writeFileSync(join(root, 'headers/include/tensorflow/c/eager/c_api.h'), '');
  });
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  it('asks for a TensorFlow', () => {
    const { status, stderr } = build();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^build-tfjs-node: expected --tensorflow DIR, got none\nusage: node tools\/build-tfjs-node.mjs/);
  });

  it('refuses options and packages that it does not know', () => {
    expect(build('--cuda').stderr).toContain("Unknown option '--cuda'");
    expect(build('--tensorflow', root, '--package', 'tfjs').stderr).toBe(
      'build-tfjs-node: --package: expected @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu, got tfjs\n',
    );
  });

  it('names the header or the library that a folder lacks', () => {
    expect(build('--tensorflow', root).stderr).toContain(`got no ${join(root, 'include/tensorflow/c/eager/c_api.h')}`);
    expect(build('--tensorflow', join(root, 'headers')).stderr).toContain('expected a library ^libtensorflow(_cc)?');
  });
});
