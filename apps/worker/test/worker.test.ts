import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@geodesic/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runWorker } from '../src/worker.ts';
import type { WorkerOptions } from '../src/worker.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';

const logged: string[] = [];
let leaving: AbortController;

beforeEach(() => {
  process.env['GEODESIC_SLOT_PROGRAM_MODULE'] = fileURLToPath(new URL('./fixtures/counting-program.mjs', import.meta.url));
  leaving = new AbortController();
  logged.length = 0;
});

afterEach(() => {
  delete process.env['GEODESIC_SLOT_PROGRAM_MODULE'];
});

function start(address: string, options: Partial<WorkerOptions> = {}): Promise<number> {
  const logger = createLogger({ component: 'worker', level: 'debug', write: (line) => logged.push(line) });
  return runWorker({ coordinators: [address], name: 'w', logger, signal: leaving.signal, ...options });
}

const portOf = (address: string): number => Number(address.split(':')[1]);

describe('runWorker', () => {
  it('goes on with a coordinator that came back on the same port with a higher term, as the same process on the same parameters', async () => {
    const first = await new ScriptedCoordinator().listen();
    const { address } = first;
    const exit = start(address);
    const hello = await first.admits(1);
    first.assigns('grad');
    await once(first, 'contribution');
    await first.close();
    const second = await new ScriptedCoordinator().listen(portOf(address));
    expect(await second.admits(2)).toEqual(hello);
    second.assigns('quad');
    await once(second, 'contribution');
    expect([first, second].map(({ follows: [{ from }] }) => from?.version)).toEqual([undefined, 0]);
    second.says({ type: 'run-over', state: 'completed' });
    expect(await exit).toBe(0);
    await second.close();
  });

  it('does not work for a coordinator of a lower term than it has seen', async () => {
    const first = await new ScriptedCoordinator().listen();
    const { address } = first;
    const exit = start(address);
    await first.admits(2);
    await first.close();
    const deposed = await new ScriptedCoordinator().listen(portOf(address));
    await deposed.admits(1);
    await once(deposed, 'closed');
    await deposed.admits(3);
    deposed.assigns('grad');
    await once(deposed, 'contribution');
    leaving.abort();
    expect(await exit).toBe(0);
    await deposed.close();
  });

  it('goes on with another coordinator of the cluster, on the parameters that it holds', async () => {
    const [first, second] = await Promise.all([new ScriptedCoordinator().listen(), new ScriptedCoordinator().listen()]);
    const exit = start(first.address, { coordinators: [first.address, second.address] });
    const hello = await first.admits(1);
    first.assigns('grad');
    await once(first, 'contribution');
    await first.close();
    expect(await second.admits(2)).toEqual(hello);
    second.assigns('quad');
    await once(second, 'contribution');
    expect([first, second].map(({ follows: [{ from }] }) => from?.version)).toEqual([undefined, 0]);
    leaving.abort();
    expect(await exit).toBe(0);
    await second.close();
  });

  it('goes to the leader that a standby names, also one that it was not told of', async () => {
    const [standby, leader] = await Promise.all([new ScriptedCoordinator().listen(), new ScriptedCoordinator().listen()]);
    const exit = start(standby.address);
    await standby.hears('hello');
    const message = { code: 'NOT_LEADER', field: 'coordinator', expected: 'the leader', got: leader.address, message: 'a standby' };
    standby.says({ type: 'refused', ...message, retryAfterMs: 10 });
    await leader.admits(1);
    leader.assigns('grad');
    await once(leader, 'contribution');
    leaving.abort();
    expect(await exit).toBe(0);
    await Promise.all([standby.close(), leader.close()]);
  });

  it('leaves a leader of a lower term for the next coordinator', async () => {
    const [first, second] = await Promise.all([new ScriptedCoordinator().listen(), new ScriptedCoordinator().listen()]);
    const exit = start(first.address, { coordinators: [first.address, second.address] });
    await first.admits(3);
    first.peer!.end();
    await second.admits(2);
    await once(second, 'closed');
    await first.admits(3);
    leaving.abort();
    expect(await exit).toBe(0);
    await Promise.all([first.close(), second.close()]);
  });

  it('waits a quarantine out and comes back', async () => {
    const coordinator = await new ScriptedCoordinator().listen();
    const exit = start(coordinator.address);
    await coordinator.hears('hello');
    const asked = performance.now();
    const message = { code: 'QUARANTINED', field: '', expected: '', got: '', message: 'in quarantine' };
    coordinator.says({ type: 'refused', ...message, retryAfterMs: 80 });
    await coordinator.admits(1);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(79);
    leaving.abort();
    expect(await exit).toBe(0);
    await coordinator.close();
  });

  it('leaves in order with exit code 0 when it is drained', async () => {
    const coordinator = await new ScriptedCoordinator().listen();
    const exit = start(coordinator.address);
    await coordinator.admits(1);
    coordinator.says({ type: 'drain', reason: 'geo drain w' });
    expect(await coordinator.hears('draining')).toEqual({ type: 'draining', reason: 'geo drain w' });
    expect(await exit).toBe(0);
    await coordinator.close();
  });

  it('gives up after the time that it was given, with exit code 1', async () => {
    const coordinator = await new ScriptedCoordinator().listen();
    const { address } = coordinator;
    await coordinator.close();
    await expect(start(address, { giveUpMs: 200 })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      exitCode: 1,
      message: expect.stringContaining(`expected an answer from ${address} within 0.2 s`) as string,
    });
  });

  it('leaves at once when it is asked to while nobody answers', async () => {
    const coordinator = await new ScriptedCoordinator().listen();
    const { address } = coordinator;
    await coordinator.close();
    const exit = start(address);
    leaving.abort();
    expect(await exit).toBe(0);
  });
});
