import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../src/index.ts';

const base = mkdtempSync(join(tmpdir(), 'make-folder-'));
afterAll(() => rmSync(base, { recursive: true }));

describe('makeFolder', () => {
  it('makes every folder of a path, and does so again without complaint', async () => {
    const path = join(base, 'a', 'b', 'c');
    await makeFolder(path);
    await makeFolder(path);
    expect(existsSync(path)).toBe(true);
  });

  it.runIf(existsSync('/proc/self'))('answers with the refusal where the system lets nobody make a folder', async () => {
    await expect(makeFolder('/proc/nobody/runs')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
