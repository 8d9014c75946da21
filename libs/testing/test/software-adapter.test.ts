import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSoftwareAdapter } from '@geodesic/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => vi.unstubAllEnvs());

describe('findSoftwareAdapter', () => {
  it('leaves the environment as it is where tests shall run on the host’s own card', () => {
    vi.stubEnv('GEODESIC_ADAPTER', 'host');
    expect(findSoftwareAdapter(['/nowhere'])).toEqual({ env: {} });
  });

  it('finds the driver where it is installed, and says where it looked', () => {
    const folder = mkdtempSync(join(tmpdir(), 'geodesic-adapter-'));
    try {
      expect(findSoftwareAdapter(['/nowhere', folder])).toMatchObject({
        reason: expect.stringContaining(`no vk_swiftshader_icd.json in /nowhere, ${folder}`),
      });
      writeFileSync(join(folder, 'vk_swiftshader_icd.json'), '{}');
      expect(findSoftwareAdapter(['/nowhere', folder])).toEqual({
        env: { VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: folder },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
