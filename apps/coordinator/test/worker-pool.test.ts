import { planRound } from '@geodesic/cluster';
import { PROTOCOL_VERSION, STATE_VERSION } from '@geodesic/wire';
import { describe, expect, it } from 'vitest';
import { WorkerPool } from '../src/worker-pool.ts';

const plan = planRound({
  run: 'r',
  plan: { step: 1, attempt: 0, phase: 'grad', slots: 4, sumsLength: 8, scalarsLength: 1 },
  position: { version: 0, chain: 'c', checksum: 's' },
});

/** A pool of two workers in a round, and what it tells. */
function busyPool(): { pool: WorkerPool; told: { type: string; data: unknown }[] } {
  const told: { type: string; data: unknown }[] = [];
  const observer = { joined: () => undefined, event: (type: string, data: unknown) => void told.push({ type, data }) };
  const pool = new WorkerPool({ run: 'r', term: 1, bundleDigest: 'd', leaseMs: 1000, heartbeatMs: 100, quarantineMs: 500, observer });
  for (const worker of ['a', 'b']) {
    const hello = { type: 'hello', worker, incarnation: `${worker}-1`, protocol: PROTOCOL_VERSION, state: STATE_VERSION, pid: 1 } as const;
    const peer = { send: () => undefined, end: () => undefined };
    pool.receive({ peer, hello }).message({ type: 'ready', fingerprint: {} });
  }
  void pool.round(plan);
  return { pool, told };
}

const header = { round: plan, worker: 'b', incarnation: 'b-1', block: { level: 0, index: 0 }, count: 1, scalars: new Float64Array(1) };

describe('WorkerPool', () => {
  it('sends a worker away whose upload promises sums of another length, before any of them is received', () => {
    const { pool, told } = busyPool();
    const reason = 'corrupt contribution: sums: expected 8 elements, got 1099511627776';
    expect(pool.judge({ ...header, sumsLength: 2 ** 40 })).toMatchObject({ result: 'corrupt' });
    expect(told).toEqual([
      { type: 'worker.quarantined', data: { worker: 'b', cooldownMs: 500, reason } },
      { type: 'worker.lost', data: { worker: 'b', reason } },
    ]);
    expect(pool.workers.map(({ worker }) => worker)).toEqual(['a']);
    pool.end('stopped');
  });

  it('lets what belongs to another round go by', () => {
    const { pool, told } = busyPool();
    expect(pool.judge({ ...header, round: { ...plan, step: 2 }, sumsLength: 2 ** 40 })).toMatchObject({ result: 'stale' });
    expect(told).toEqual([]);
    pool.end('stopped');
  });
});
