/** The line to a run whose coordinator is lost and comes back: every event once, and the end even when nobody tells it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notLeader, serveWire, WireError, type RunEvent, type RunsService, type WireServer } from '@geodesic/wire';
import { connectToRun } from '../src/run-connection.ts';

let directory: string;

beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'geo-connection-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const committed = (sequence: number, step: number): RunEvent => ({ sequence, type: 'step.committed', at: '', data: { step } });
const finished = (sequence: number): RunEvent => ({
  sequence,
  type: 'run.finished',
  at: '',
  data: { state: 'completed', result: { steps: 3 } },
});

/** A coordinator that knows one run and tells its events; `then` what happens after them. */
function serve(
  port: number,
  events: readonly RunEvent[],
  then: 'waits' | 'breaks',
  others: Partial<RunsService> = {},
): Promise<WireServer> {
  const unused = (): never => {
    throw new WireError('INVALID', 'expected no call');
  };
  return serveWire({
    host: '127.0.0.1',
    port,
    session: { open: unused },
    exchange: { admit: unused, contribute: unused, fetch: unused, follow: unused },
    runs: {
      submit: unused,
      control: unused,
      get: unused,
      async *watch(_run, from, signal) {
        for (const event of events.filter(({ sequence }) => sequence >= from)) yield event;
        if (then === 'breaks') throw new WireError('UNREACHABLE', 'gone');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      ...others,
    },
  });
}

describe('connectToRun', () => {
  it('goes on where it was when another coordinator answers at the address', async () => {
    const first = await serve(0, [committed(1, 1), committed(2, 2)], 'breaks');
    const { address } = first;
    const connection = connectToRun([address]);
    connection.attach({ runId: 'run-1', directory }, { fromSequence: 1 });
    const steps: unknown[] = [];
    let second: Promise<WireServer> | undefined;
    const end = connection.watchToEnd(({ data: { step } }) => {
      if (step !== undefined) steps.push(step);
      // The second coordinator has lost an event of the first, and tells its step again.
      const after = [committed(1, 1), { ...committed(2, 0), type: 'run.resumed' }, committed(3, 2), committed(4, 3), finished(5)];
      if (step === 2) second ??= first.close().then(() => serve(Number(address.split(':')[1]), after, 'waits'));
    });
    expect(await end).toMatchObject({ directory, data: { state: 'completed', steps: 3 } });
    expect(steps).toEqual([1, 2, 0, 3]);
    connection.close();
    await (await second)?.close();
  });

  it('finds the coordinator that leads among several, to hand in a run and to watch it', async () => {
    const runs = { submit: async () => ({ runId: 'run-1', directory }) };
    const leader = await serve(0, [committed(1, 1), finished(2)], 'waits', runs);
    const standsBy = (): never => {
      throw notLeader('runs', leader.address);
    };
    const standby = await serve(0, [], 'waits', { submit: async () => standsBy(), watch: standsBy });
    const connection = connectToRun([standby.address, leader.address]);
    expect(await connection.submit({ bundle: new Uint8Array(1) })).toEqual({ runId: 'run-1', directory });
    expect(await connection.watchToEnd(() => undefined)).toMatchObject({ data: { state: 'completed' } });
    connection.close();
    await Promise.all([leader.close(), standby.close()]);
  });

  it('reads the end from the folder when nobody tells it any more', async () => {
    const connection = connectToRun(['127.0.0.1:1']);
    connection.attach({ runId: 'run-1', directory }, { fromSequence: 1 });
    writeFileSync(join(directory, 'events.ndjson'), `${JSON.stringify(committed(1, 1))}\n`);
    await expect(connection.recordedEnd()).rejects.toMatchObject({ code: 'COORDINATOR_LOST', exitCode: 3 });
    writeFileSync(join(directory, 'events.ndjson'), `${JSON.stringify(finished(2))}\n`);
    expect(await connection.recordedEnd()).toMatchObject({ data: { runId: 'run-1', state: 'completed' } });
    connection.close();
  });
});
