import { nextCombinationChain } from '@geodesic/cluster';
import type { RoundInputs } from '@geodesic/cluster';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chain, snapshotOf, Stage } from './participation-stage.ts';

let stage: Stage;

beforeEach(async () => {
  process.env['GEODESIC_SLOT_PROGRAM_MODULE'] = Stage.program;
  stage = new Stage();
});

afterEach(async () => {
  delete process.env['GEODESIC_SLOT_PROGRAM_MODULE'];
  await stage.participation.close();
});

const inputs: RoundInputs = { vectors: [{ name: 'direction', digest: 'sha256:00', length: 2 }] };

describe('RunParticipation: rounds with inputs', () => {
  it('has the vectors of a round held before it computes', async () => {
    await stage.start();
    stage.objects.set('sha256:00', Float32Array.of(1, 2));
    stage.assign(1, { phase: 'quad', inputs });
    await stage.until(() => stage.contributions.length === 1);
    expect(stage.contributions[0].scalars[1]).toBe(1); // vectors held by the program
  });

  it('computes nothing of a round whose vectors are gone, and goes on with the next', async () => {
    await stage.start();
    stage.assign(1, { phase: 'quad', inputs });
    await stage.until(() => stage.logged.some((line) => line.includes('inputs of a round not fetched')));
    expect(stage.participation.heartbeat()).toMatchObject({ generation: 1, open: 0, computing: false });
    stage.assign(2, { phase: 'grad' });
    await stage.until(() => stage.contributions.length === 1);
    expect([stage.contributions[0].round.phase, stage.fatal]).toEqual(['grad', []]);
  });

  it('takes a fresh snapshot when the direction of an update is gone', async () => {
    const combination = { digest: 'sha256:00', length: 3, alpha: 1, mu: 0 };
    const next = nextCombinationChain(chain, 1, { combination, state: new Float32Array(0) });
    const links = { version: 1, previousChain: chain, chain: next, state: new Float32Array(0), crcs: new Uint32Array(0) };
    stage.streams.splice(0, 1, [snapshotOf(0, chain), { type: 'update', ...links, combination }], [snapshotOf(1, next)]);
    await stage.start();
    stage.assign(1, { phase: 'grad', version: 1, link: next });
    await stage.until(() => stage.contributions.length === 1);
    expect([stage.followed, stage.fatal]).toEqual([2, []]);
  });
});

describe('RunParticipation: a program that fails', () => {
  it('tells the coordinator, forgets the round, and takes part in the next', async () => {
    await stage.start();
    const { run, step, attempt, phase, inputDigest: digest } = stage.assign(1, { phase: 'nan' });
    await stage.until(() => stage.sent.length === 1);
    const round = { run, step, attempt, phase, inputDigest: digest };
    expect(stage.sent).toEqual([{ type: 'failed', round, reason: 'Log makes NaN' }]);
    expect(stage.participation.programFailure).toMatchObject({ code: 'PROGRAM', exitCode: 65 });
    expect(stage.participation.heartbeat()).toMatchObject({ open: 0, computing: false });
    stage.assign(2, { phase: 'grad', attempt: 1 });
    await stage.until(() => stage.contributions.length === 1);
    expect([stage.participation.programFailure, stage.fatal]).toEqual([undefined, []]);
  });
});
