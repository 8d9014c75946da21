import { describe, expect, it } from 'vitest';
import { openLinalg } from '../src/open-linalg.ts';

describe('openLinalg', () => {
  it.each(['auto', 'plain', 'wasm'] as const)('opens %s anywhere', async (backend) => {
    expect((await openLinalg(backend)).fingerprint['linalg']).toBe(backend);
  });

  it('names the key, what was looked for and the remedy when LAPACK is absent', async () => {
    const opening = openLinalg('lapack', { library: 'libno-such-lapack.so' });
    await expect(opening).rejects.toThrow(/^linalg: expected lapack on this host, got openLapack: .*libno-such-lapack\.so/);
    await expect(opening).rejects.toThrow(/install OpenBLAS and npm install koffi .*, or leave linalg out/);
  });
});
