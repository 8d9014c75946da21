/** G10: contributions that are damaged, not finite, of other sizes, of other inputs or simply wrong. None counts; who sends them is sent away. */
import type { WireContribution } from '@geodesic/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { FIXTURE_ENVIRONMENT, fixtureBundle, pacedEnvironment } from './harness/bundles.ts';
import { after, commits, isCommit, joinsByPid } from './harness/faults.ts';
import { ProtocolWorker } from './harness/protocol-worker.ts';
import type { HonestResult } from './harness/protocol-worker.ts';
import { ms, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { TestCluster } from './harness/test-cluster.ts';
import { underWay } from './harness/under-way.ts';
import { undisturbed } from './harness/undisturbed.ts';

const clusters: TestCluster[] = [];
const evil: ProtocolWorker[] = [];
afterEach(async () => {
  await Promise.all(evil.splice(0).map((worker) => worker.close()));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

/** Says that it is much longer than it is. */
class Boasting extends Float32Array {
  override get length(): number {
    return 2 ** 40;
  }
}

function changed(sums: Float32Array, change: (sums: Float32Array) => void): Float32Array {
  const copy = sums.slice();
  change(copy);
  return copy;
}

/** What is sent instead of an honest contribution, by what is wrong with it. */
const malice: Readonly<Record<string, (honest: WireContribution) => WireContribution>> = {
  'NaN sums': (honest) => ({ ...honest, sums: changed(honest.sums, (sums) => (sums[1] = Number.NaN)) }),
  'infinite sums': (honest) => ({ ...honest, sums: changed(honest.sums, (sums) => sums.fill(Number.POSITIVE_INFINITY)) }),
  'NaN scalars': (honest) => ({ ...honest, scalars: Float64Array.of(Number.NaN, 1) }),
  'more sums': (honest) => ({ ...honest, sums: new Float32Array(4 * honest.sums.length) }),
  'fewer sums': (honest) => ({ ...honest, sums: honest.sums.slice(1) }),
  'sums of 4 TiB': (honest) => ({ ...honest, sums: new Boasting(8) }),
  'more scalars': (honest) => ({ ...honest, scalars: new Float64Array(50_000) }),
  'a block beyond the slots': (honest) => ({ ...honest, block: { level: 0, index: 1000 } }),
  'a block of 2^40 slots': (honest) => ({ ...honest, block: { level: 40, index: 0 } }),
};

/** Finite, of the right size, and wrong. */
const wrong = (honest: WireContribution): WireContribution => ({
  ...honest,
  sums: changed(honest.sums, (sums) => sums.forEach((sum, i) => (sums[i] = Math.fround(sum * 1.001 + 1e-3)))),
});

interface Attack {
  readonly bundle: Uint8Array;
  readonly paceMs?: number;
  readonly conduct: (result: HonestResult, cluster: TestCluster) => Promise<unknown>;
}

/** A run of two honest workers, whose slots take so long, and from step 5 on an evil one. */
async function attacked({ bundle, paceMs = 4, conduct }: Attack): Promise<{ cluster: TestCluster; attacker: ProtocolWorker }> {
  const { cluster } = await underWay(clusters, bundle, { workers: 2, env: pacedEnvironment(paceMs) });
  const own = { address: cluster.address, worker: 'zz-evil', bundle };
  const attacker = new ProtocolWorker({ ...own, conduct: (result) => conduct(result, cluster) });
  evil.push(attacker);
  return { cluster, attacker };
}

async function expectExact(cluster: TestCluster, bundle: Uint8Array): Promise<void> {
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, await undisturbed(bundle, FIXTURE_ENVIRONMENT));
  // The honest ones kept their places.
  const honest = cluster.workers.map(({ pid }) => joinsByPid(cluster).get(pid));
  expect(honest).toEqual([1, 1]);
  expect(cluster.feed.of('worker.lost').filter(({ data }) => data['worker'] !== 'zz-evil')).toEqual([]);
}

/** Steps of some 50 ms on two workers. */
const steady = { slots: 16, parameters: 2000, quarantineMs: 100 };

describe('G10: a byzantine worker', () => {
  it('G10: sends what is not finite, of other sizes or of no slots: rejected, and away for longer each time', async () => {
    const bundle = fixtureBundle({ ...steady, steps: 220 });
    const kinds = Object.keys(malice);
    const answers: string[] = [];
    let tried = 0;
    const { cluster, attacker } = await attacked({
      bundle,
      conduct: async ({ contribution, send }) => {
        const kind = kinds[tried];
        if (kind === undefined || contribution.round.phase !== 'grad') return send(contribution);
        const { result, detail } = await send(malice[kind](contribution));
        if (result === 'stale') return undefined; // the others have been faster: once more
        tried += 1;
        return answers.push(`${kind}: ${result} (${detail})`);
      },
    });
    const isQuarantine = ({ type }: { type: string }): boolean => type === 'worker.quarantined';
    for (let i = 0, from = 0; i < kinds.length; i++) {
      const struck = await cluster.until(isQuarantine, from);
      expect(struck.data).toMatchObject({ worker: 'zz-evil' });
      from = cluster.feed.events.indexOf(struck) + 1;
    }
    await attacker.close();
    await expectExact(cluster, bundle);
    expect(answers.filter((answer) => !answer.includes(': corrupt ('))).toEqual([]);
    expect(answers).toHaveLength(kinds.length);
    const cooldowns = cluster.feed.of('worker.quarantined').map(({ data }) => Number(data['cooldownMs']));
    expect(cooldowns).toEqual([100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000]);
    reportBound({
      id: 'G10',
      fault: `a worker that sends ${kinds.join(', ')}`,
      measured: `${answers.length} of ${kinds.length} rejected; cooldowns ${cooldowns.map(ms).join(', ')}; digest unchanged`,
      bound: 'rejected, cooldown grows to 10 times the first',
    });
  });

  it('G10: sends what belongs to other inputs, and everything twice: harmless', async () => {
    const bundle = fixtureBundle({ ...steady, steps: 60 });
    const answers = { foreign: [] as string[], first: [] as string[], again: [] as string[] };
    const { cluster } = await attacked({
      bundle,
      conduct: async ({ contribution, send }) => {
        const { round } = contribution;
        const inputDigest = `sha256:${'0'.repeat(64)}`;
        for (const foreign of [{ inputDigest }, { step: round.step + 1 }, { attempt: 1 }, { phase: 'quad' }, { run: 'another' }])
          answers.foreign.push((await send({ ...wrong(contribution), round: { ...round, ...foreign } })).result);
        answers.first.push((await send(contribution)).result);
        answers.again.push((await send(contribution)).result);
      },
    });
    await expectExact(cluster, bundle);
    expect(new Set(answers.foreign)).toEqual(new Set(['stale']));
    expect(answers.first).toContain('accepted');
    expect(answers.again).not.toContain('accepted');
    expect(cluster.feed.of('worker.quarantined')).toEqual([]);
    reportBound({
      id: 'G10',
      fault: 'a worker that sends results for other inputs, and everything twice',
      measured: `${answers.foreign.length} of other inputs all stale; ${answers.again.length} repetitions, 0 accepted; digest unchanged`,
      bound: 'never counted',
    });
  });

  it('G10: sends finite, wrong sums for a block that a backup computes, too: a third worker decides', async () => {
    const bundle = fixtureBundle({ ...steady, steps: 24, quarantineMs: 500 });
    let lies = 0;
    const paceMs = 40;
    const { cluster } = await attacked({
      bundle,
      paceMs,
      conduct: async ({ contribution, blocks, send }, { feed }) => {
        await after(paceMs * 2 ** contribution.block.level); // as fast as the others, so that it is asked for as much
        if (lies > 0 || contribution.round.step < 10 || blocks.length < 2) return send(contribution);
        lies += 1;
        // It dawdles until a backup is at work on its blocks, then lies about the first of them and never sends the rest.
        await feed.until(({ type, data }) => type === 'worker.straggling' && data['worker'] === 'zz-evil', feed.now);
        await after(3 * paceMs); // by now the others are idle, and the backup of the larger block is not done yet
        return send(wrong(contribution));
      },
    });
    const disputed = ({ type }: { type: string }): boolean => type === 'contribution.disputed';
    const opened = await cluster.until(disputed);
    const resolved = await cluster.until((event) => disputed(event) && event.data['resolved'] === true);
    await cluster.until(isCommit, cluster.feed.events.indexOf(resolved));
    await expectExact(cluster, bundle);
    const quarantined = cluster.feed.of('worker.quarantined').map(({ data }) => data['worker']);
    expect(new Set(quarantined)).toEqual(new Set(['zz-evil']));
    reportBound({
      id: 'G10',
      fault: 'a worker whose sums are finite and wrong, for a block that a backup computes, too',
      measured: `dispute resolved by a third worker after ${ms(resolved.seenMs - opened.seenMs)}; the liar quarantined; digest unchanged`,
      bound: 'dispute resolved before the commit',
    });
  });

  it('G10: uploads damaged on their way by flipped bits', async () => {
    const bundle = fixtureBundle({ slots: 16, parameters: 20_000, steps: 60 });
    const { cluster } = await underWay(clusters, bundle, { workers: 3, proxy: true, seed: 5, env: FIXTURE_ENVIRONMENT });
    const line = cluster.line('worker-3');
    let flipped = 0;
    for (let i = 0; i < 6; i++) {
      line.set({ up: { flip: { rate: 5e-6 } } });
      await commits(cluster, 6);
      flipped += line.connections.reduce((sum, { up }) => sum + up.flipped, 0);
      line.set({});
      await commits(cluster, 2);
    }
    const { pid } = cluster.worker('worker-3');
    const undelivered = (): number => cluster.worker('worker-3').stderr.split('contribution not delivered').length - 1;
    const ends = await cluster.finished(['worker-1', 'worker-2', 'worker-3']);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    await expectSameRun(cluster.directory, await undisturbed(bundle, FIXTURE_ENVIRONMENT));
    reportBound({
      id: 'G10',
      fault: 'bits flipped in the uploads of 1 of 3 workers, 5 of a million bytes',
      measured: `${flipped} bits flipped or more, ${undelivered()} uploads rejected and sent again, joined again ${(joinsByPid(cluster).get(pid) ?? 1) - 1} times; digest unchanged`,
      bound: 'rejected by CRC',
    });
    expect(undelivered()).toBeGreaterThan(0);
  });
});
