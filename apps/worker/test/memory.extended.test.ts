/** Memory of a worker over a long run: what a step allocates is gone after it, sessions that are disposed too. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digitsBundle } from './digits-bundle.ts';

const MIB = 2 ** 20;
/** The most that may be there at the end beyond what was there after the first tenth, in bytes. */
const BOUNDS = { heapUsed: 8 * MIB, external: 8 * MIB, arrayBuffers: 8 * MIB, rss: 32 * MIB };

type Memory = Readonly<Record<keyof typeof BOUNDS, number>>;

async function probe(...args: readonly string[]): Promise<{ readonly warm: Memory; readonly end: Memory }> {
  const program = fileURLToPath(new URL('./fixtures/memory-probe.mjs', import.meta.url));
  // One arena: which thread allocates from which arena is chance, and each keeps pages of its own, which is no leak.
  const env = { ...process.env, MALLOC_ARENA_MAX: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, ...args], { env });
  return JSON.parse(stdout) as { warm: Memory; end: Memory };
}

function expectFlat({ warm, end }: { readonly warm: Memory; readonly end: Memory }): void {
  const growth = (Object.keys(BOUNDS) as (keyof Memory)[]).map((key) => ({ key, bytes: end[key] - warm[key] }));
  const inWords = ({ key, bytes }: (typeof growth)[number]): string => `${key} ${(bytes / MIB).toFixed(1)} MiB`;
  console.info(`growth after the warm-up: ${growth.map(inWords).join(', ')}; RSS at the end ${(end.rss / MIB).toFixed(0)} MiB`);
  expect(growth.filter(({ key, bytes }) => bytes >= BOUNDS[key]).map(inWords)).toEqual([]);
}

describe('memory', () => {
  it('of 5,000 training steps stays where it was after 500', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'geodesic-memory-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'bundle.json');
    await writeFile(path, digitsBundle('onnx-cpu'));
    expectFlat(await probe('steps', path, '5000'));
  });

  it('of 2,000 sessions that were compiled, run and disposed stays where it was after 200', async () => {
    expectFlat(await probe('sessions', '2000'));
  });
});
