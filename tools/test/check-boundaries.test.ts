/** The boundary check, run on small workspaces that break one rule each. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../check-boundaries.mjs', import.meta.url));
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'geodesic-boundaries-'));
  write('package.json', { devDependencies: { vitest: '1' } });
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function library(name: string, { layer = 'math', uses = [] as string[], source = '', test = '' } = {}): void {
  const dependencies = Object.fromEntries(uses.map((used) => [`@x/${used}`, '1']));
  write(`libs/${name}/package.json`, {
    name: `@x/${name}`,
    exports: { '.': './src/index.ts' },
    dependencies,
    nx: { tags: [`layer:${layer}`] },
  });
  write(`libs/${name}/tsconfig.json`, { references: uses.map((used) => ({ path: `../${used}` })) });
  write(`libs/${name}/README.md`, name);
  write(`libs/${name}/src/index.ts`, source);
  if (test !== '') write(`libs/${name}/test/a.test.ts`, test);
}

function problems(): string[] {
  const { stderr } = spawnSync(process.execPath, [program, root], { encoding: 'utf8' });
  return stderr.trim().split('\n');
}

describe('check-boundaries', () => {
  it('accepts what the layers allow', () => {
    library('low');
    library('high', { layer: 'learning', uses: ['low'], source: "import { a } from '@x/low';\n", test: "import { it } from 'vitest';\n" });
    expect(problems()).toEqual(['']);
  });

  it('refuses an import against the layers', () => {
    library('engine', { layer: 'learning' });
    library('wire', { layer: 'runtime', uses: ['engine'], source: "import type {\n  A,\n} from '@x/engine';\n" });
    expect(problems()).toEqual(['libs/wire/src/index.ts:3: runtime may not import learning (@x/engine)']);
  });

  it('refuses an undeclared dependency, an unknown export and a relative way into another project', () => {
    library('low', { source: "export * from './missing.ts';\n" });
    library('high', {
      uses: ['low'],
      source: "import '@x/low/inner';\nimport x from 'left-pad';\nconst y = await import('../../low/src/index.ts');\n",
    });
    expect(problems()).toEqual([
      "libs/high/src/index.ts:1: '@x/low/inner' is not an export of @x/low",
      "libs/high/src/index.ts:2: 'left-pad' is not in the dependencies of @x/high",
      "libs/high/src/index.ts:3: relative import leaves the project: '../../low/src/index.ts' (import the package by its name)",
      "libs/low/src/index.ts:1: './missing.ts' does not exist (relative imports name the file with its ending)",
    ]);
  });

  it('keeps mathematics pure, comments aside', () => {
    library('low', { source: "import { readFileSync } from 'node:fs';\n// Math.random is not used\nexport const x = Math.random();\n" });
    expect(problems()).toEqual([
      'libs/low/src/index.ts:3: a math library may not use Math.random (results depend on arguments only)',
      "libs/low/src/index.ts:1: a math library may not import 'node:fs'",
    ]);
  });

  it('finds cycles, missing references, missing READMEs and long files', () => {
    library('a', { uses: ['b'], source: '\n'.repeat(401) });
    library('b', { uses: ['a'] });
    write('libs/b/tsconfig.json', {});
    rmSync(join(root, 'libs/b/README.md'));
    expect(problems()).toEqual([
      'libs/a/src/index.ts: 401 lines, expected at most 400 (one file is one concept: split it)',
      'libs/b: expected a README.md, got none',
      'libs/b/tsconfig.json: expected a reference to libs/a, a dependency',
      'cycle: @x/a -> @x/b -> @x/a',
    ]);
  });
});
