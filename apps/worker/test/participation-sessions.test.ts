import type { ContributeAck } from '@geodesic/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chain, snapshotOf, Stage } from './participation-stage.ts';

let stage: Stage;

beforeEach(() => {
  process.env['GEODESIC_SLOT_PROGRAM_MODULE'] = Stage.program;
  stage = new Stage();
});

afterEach(async () => {
  delete process.env['GEODESIC_SLOT_PROGRAM_MODULE'];
  await stage.participation.close();
});

/** An answer that the test gives when it likes. */
function later(): { answer: () => Promise<ContributeAck>; give: (ack: ContributeAck) => void } {
  const parts: { give?: (ack: ContributeAck) => void } = {};
  const promise = new Promise<ContributeAck>((resolve) => (parts.give = resolve));
  return { answer: () => promise, give: (ack) => parts.give?.(ack) };
}

const accepted: ContributeAck = { result: 'accepted', detail: '' };

describe('RunParticipation: leaving in order', () => {
  it('is done at once where nothing was begun', async () => {
    await stage.start();
    let drained = 0;
    stage.participation.drain(() => drained++);
    expect(drained).toBe(1);
  });

  it('finishes the block under way and waits for its answer, and begins no other', async () => {
    await stage.start();
    const { answer, give } = later();
    stage.answers.push(answer);
    stage.assign(1, { phase: 'gated', slots: 4 });
    await stage.until(() => stage.computing);
    let drained = 0;
    stage.participation.drain(() => drained++);
    stage.pass();
    await stage.until(() => stage.contributions.length === 1);
    expect(drained).toBe(0);
    give(accepted);
    await stage.until(() => drained === 1);
    stage.assign(2, { phase: 'grad', slots: 4 });
    expect(stage.participation.heartbeat()).toMatchObject({ open: 0, computing: false });
    expect(stage.contributions).toHaveLength(1);
  });
});

describe('RunParticipation: a busy coordinator', () => {
  it('gets the same contribution again, after the time that it asked for', async () => {
    stage.answers.push(
      ...[1, 2, 3, 4, 5, 6].map(() => async (): Promise<ContributeAck> => ({ result: 'busy', detail: '', retryAfterMs: 2 })),
    );
    await stage.start();
    stage.assign(1, { phase: 'grad' });
    await stage.until(() => stage.contributions.length === 7);
    expect(new Set(stage.contributions.map(({ sums }) => sums))).toHaveLength(1);
    await stage.until(() => stage.openBlocks === 0);
    expect(stage.participation.heartbeat()).toMatchObject({ slots: 1 });
  });
});

describe('RunParticipation: from session to session', () => {
  it('follows on from what it holds, and computes on it without a snapshot', async () => {
    const link = 'a'.repeat(64);
    stage.streams.splice(0, 1, [snapshotOf(3, link)], []);
    await stage.start();
    stage.assign(1, { phase: 'grad', version: 3, link });
    await stage.until(() => stage.contributions.length === 1);
    stage.participation.disconnected();
    stage.admit({ generation: 5 });
    stage.assign(6, { phase: 'other', version: 3, link });
    await stage.until(() => stage.contributions.length === 2);
    expect([stage.froms, stage.fatal]).toEqual([[undefined, 3], []]);
  });

  it('takes the snapshot of a coordinator that is behind', async () => {
    stage.streams.splice(0, 1, [snapshotOf(3, 'a'.repeat(64))], [snapshotOf(2, chain)]);
    await stage.start();
    stage.assign(1, { phase: 'grad', version: 3, link: 'a'.repeat(64) });
    await stage.until(() => stage.contributions.length === 1);
    stage.participation.disconnected();
    stage.admit({ generation: 0, term: 2 });
    await stage.until(() => stage.followed === 2);
    stage.assign(1, { phase: 'grad', version: 2 });
    await stage.until(() => stage.contributions.length === 2);
    expect([stage.froms, stage.fatal]).toEqual([[undefined, 3], []]);
  });

  it('begins with a snapshot where what it holds contradicts the stream', async () => {
    const stray = {
      type: 'update',
      version: 9,
      previousChain: chain,
      chain,
      delta: new Float32Array(3),
      state: new Float32Array(1),
    } as const;
    stage.streams.splice(0, 1, [snapshotOf(0, chain), { ...stray, crcs: new Uint32Array(0) }], [snapshotOf(0, chain)]);
    await stage.start();
    await stage.until(() => stage.followed === 2);
    expect(stage.froms).toEqual([undefined, undefined]);
  });

  it('sends what it finished while the session was cut, computed once', async () => {
    await stage.start();
    stage.assign(1, { phase: 'gated' });
    await stage.until(() => stage.computing);
    stage.participation.disconnected();
    stage.pass();
    await stage.until(() => !stage.computing);
    expect(stage.contributions).toHaveLength(0);
    stage.admit({ generation: 2, term: 2 });
    await stage.until(() => stage.contributions.length === 1);
    expect(stage.participation.heartbeat()).toMatchObject({ slots: 1 });
  });

  it('leaves the session of a coordinator that another one has deposed', async () => {
    await stage.start();
    stage.participation.disconnected();
    stage.admit({ term: 3 });
    expect(stage.rejected).toEqual([]);
    stage.participation.disconnected();
    stage.admit({ term: 2 });
    expect(stage.rejected).toEqual(["the coordinator's term is 2, and one of term 3 has been seen"]);
  });
});
