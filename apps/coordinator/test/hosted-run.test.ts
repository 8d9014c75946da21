import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { verifyLog } from '@geodesic/cluster';
import { readLog } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import { PROTOCOL_VERSION, STATE_VERSION } from '@geodesic/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRun } from '../src/create-run.ts';
import type { HostedRun } from '../src/hosted-run.ts';
import type { TrainerFactory } from '../src/run-meta.ts';

let runs: string;

beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'geodesic-hosted-run-'));
});
afterAll(() => rm(runs, { recursive: true, force: true }));

/** A run without a step: it is over as soon as it begins, and its end is written. */
async function runWithoutSteps(): Promise<HostedRun> {
  const { createTrainer } = (await import(new URL('./fixtures/trainer.mjs', import.meta.url).href)) as { createTrainer: TrainerFactory };
  const bundle = new TextEncoder().encode(JSON.stringify({ name: 'none', steps: 0, slots: 4, parameters: 10 }));
  const learning = await createTrainer(bundle);
  const surroundings = { runs, traffic: () => ({ bytesUp: 0, bytesDown: 0 }), logger: silentLogger() };
  return createRun({ ...surroundings, ...learning, bundle, hasFreshOptimizer: false });
}

it('logs nothing after its end, whoever asks for a stop or joins while the end is written', async () => {
  const run = await runWithoutSteps();
  const finished = run.run();
  const stops: Promise<number>[] = [];
  for (let i = 0; i < 100; i++) {
    await setImmediate();
    stops.push(run.stop('late'));
    const hello = { type: 'hello', worker: `w${i}`, incarnation: 'i', protocol: PROTOCOL_VERSION, state: STATE_VERSION, pid: 1 } as const;
    const peer = { send: () => undefined, end: () => undefined };
    run.pool.receive({ hello, peer }).message({ type: 'ready', fingerprint: { node: '1' } });
  }
  expect(await finished).toMatchObject({ state: 'completed' });
  expect(await Promise.all(stops)).toHaveLength(stops.length);
  const { records } = await readLog({ path: run.directory });
  expect(records.map(({ type }) => type)).toEqual(['run', 'finished']);
  expect(verifyLog(records).faults).toEqual([]);
});
