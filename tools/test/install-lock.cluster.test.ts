/** The lock of the set-up, between real processes: one at a time, and no death leaves it locked. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('fixtures/critical-section.mjs', import.meta.url));
let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'geodesic-lock-'));
  children = [];
});

afterEach(async () => {
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
  rmSync(folder, { recursive: true });
});

interface Contender {
  readonly child: ChildProcess;
  /** The next line that the process says: `in`, `waits` or `out`. */
  next(): Promise<string>;
}

function contend(): Contender {
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => String((await lines.next()).value) };
}

describe('withLock', () => {
  it('lets one process in at a time, and all of them in the end', async () => {
    const contenders = Array.from({ length: 6 }, contend);
    const inside = new Set<Contender>();
    const finished = contenders.map(async (contender) => {
      let said = await contender.next();
      if (said === 'waits') said = await contender.next();
      expect(said).toBe('in');
      inside.add(contender);
      expect(inside.size).toBe(1);
      inside.delete(contender);
      contender.child.stdin?.end();
      expect(await contender.next()).toBe('out');
    });
    await Promise.all(finished);
  });

  it('passes on when its holder is killed', async () => {
    const first = contend();
    expect(await first.next()).toBe('in');
    const waiting = [contend(), contend()];
    for (const contender of waiting) expect(await contender.next()).toBe('waits');
    first.child.kill('SIGKILL');
    const entered = await Promise.race(waiting.map(async (contender) => [await contender.next(), contender] as const));
    expect(entered[0]).toBe('in');
  });
});
