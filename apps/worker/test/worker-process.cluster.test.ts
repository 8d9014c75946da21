import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedCoordinator } from './scripted-coordinator.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let coordinator: ScriptedCoordinator;
const started: ChildProcess[] = [];

beforeEach(async () => {
  coordinator = await new ScriptedCoordinator().listen();
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await coordinator.close();
});

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker process with the counting program. */
function start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<Ending> } {
  const program = [here('../dist/main.js'), '--coordinator', coordinator.address, '--name', 'w', ...args];
  const settings = { GEODESIC_SLOT_PROGRAM_MODULE: here('./fixtures/counting-program.mjs'), ...env };
  const child = spawn(process.execPath, program, { env: { ...process.env, ...settings }, stdio: 'ignore' });
  started.push(child);
  return { child, ended: once(child, 'exit').then(([code, signal]) => ({ code, signal })) };
}

/** Waits until the worker says that it computes. */
async function computing(): Promise<void> {
  for (;;) {
    const message = await coordinator.hears('heartbeat');
    if (message.type === 'heartbeat' && message.computing) return;
  }
}

describe('geodesic-worker', () => {
  it('says on SIGTERM that it drains, and leaves at once on a second one, with exit code 0', async () => {
    const { child, ended } = start();
    await coordinator.admits(1);
    coordinator.assigns('gated'); // a block that never ends
    await computing();
    child.kill('SIGTERM');
    expect(await coordinator.hears('draining')).toMatchObject({ reason: 'the worker was asked to leave' });
    child.kill('SIGTERM');
    expect(await coordinator.hears('leave')).toMatchObject({ reason: 'the worker leaves at once' });
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('leaves when the block under way does not end within --drain-ms, with exit code 0', async () => {
    const { child, ended } = start(['--drain-ms', '100']);
    await coordinator.admits(1);
    coordinator.assigns('gated');
    await computing();
    child.kill('SIGINT');
    expect(await coordinator.hears('leave')).toMatchObject({ reason: expect.stringContaining('within 100 ms') as string });
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it.each(['worker:after-compute', 'worker:mid-upload'])('kills itself at %s where the environment says so', async (place) => {
    const { ended } = start([], { GEODESIC_FAILPOINT: place });
    await coordinator.admits(1);
    coordinator.assigns('grad');
    expect(await ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends with exit code 1 when there is no coordinator for --give-up-ms', async () => {
    await coordinator.close();
    expect(await start(['--give-up-ms', '100']).ended).toEqual({ code: 1, signal: null });
  });
});
