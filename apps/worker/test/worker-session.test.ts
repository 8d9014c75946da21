import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Membership } from '../src/run-participation.ts';
import { runSession } from '../src/worker-session.ts';
import type { SessionEnd, SessionPart } from '../src/worker-session.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';

let coordinator: ScriptedCoordinator;
let leaving: AbortController;
let abandoning: AbortController;

beforeEach(async () => {
  coordinator = await new ScriptedCoordinator().listen();
  leaving = new AbortController();
  abandoning = new AbortController();
});

afterEach(() => coordinator.close());

/** A participation that does nothing, and says that it is drained when it is told to. */
class FakePart implements SessionPart {
  readonly fingerprint = {};
  readonly programFailure: undefined;
  membership: Membership | undefined;
  drained: (() => void) | undefined;
  isDisconnected = false;

  admitted(membership: Membership): void {
    this.membership = membership;
    coordinator.emit('admitted');
  }

  assign(): void {}

  drain(onDrained: () => void): void {
    this.drained = onDrained;
  }

  disconnected(): void {
    this.isDisconnected = true;
  }

  heartbeat(): ReturnType<SessionPart['heartbeat']> {
    return { type: 'heartbeat', slots: 0, examples: 0, computing: false, generation: 0, open: 0 };
  }
}

function start(part: SessionPart, drainMs = 60_000): Promise<SessionEnd> {
  const { address } = coordinator;
  const signals = { leaving: leaving.signal, abandoning: abandoning.signal, drainMs };
  return runSession({ address, worker: 'w', incarnation: 'i', ...signals, participate: async () => part });
}

/** A session whose worker is a member. */
async function member(drainMs?: number): Promise<{ part: FakePart; ended: Promise<SessionEnd> }> {
  const part = new FakePart();
  const ended = start(part, drainMs);
  const admitted = once(coordinator, 'admitted');
  await coordinator.admits(4);
  await admitted;
  return { part, ended };
}

describe('runSession: leaving', () => {
  it('says that it is draining, and leaves when what was begun is finished', async () => {
    const { part, ended } = await member();
    leaving.abort();
    expect(await coordinator.hears('draining')).toEqual({ type: 'draining', reason: 'the worker was asked to leave' });
    await coordinator.hears('heartbeat');
    part.drained?.();
    expect(await coordinator.hears('leave')).toMatchObject({ reason: 'the worker was asked to leave' });
    coordinator.peer?.end();
    expect(await ended).toEqual({ kind: 'over', reason: 'the worker was asked to leave' });
    expect(part.isDisconnected).toBe(true);
  });

  it('does the same when the coordinator asks for it', async () => {
    const { part, ended } = await member();
    coordinator.says({ type: 'drain', reason: 'maintenance' });
    expect(await coordinator.hears('draining')).toEqual({ type: 'draining', reason: 'maintenance' });
    part.drained?.();
    expect(await ended).toEqual({ kind: 'over', reason: 'maintenance' });
  });

  it('leaves with unfinished work when that takes too long', async () => {
    const { ended } = await member(20);
    leaving.abort();
    await coordinator.hears('draining');
    expect(await ended).toMatchObject({ kind: 'over', reason: expect.stringContaining('was not finished within 20 ms') as string });
  });

  it('leaves at once when it is asked a second time', async () => {
    const { ended } = await member();
    leaving.abort();
    await coordinator.hears('draining');
    abandoning.abort();
    expect(await ended).toEqual({ kind: 'over', reason: 'the worker leaves at once' });
  });

  it('leaves at once when it is no member yet, or has been asked before', async () => {
    const waiting = start(new FakePart());
    await coordinator.hears('hello');
    leaving.abort();
    expect(await waiting).toEqual({ kind: 'over', reason: 'the worker was asked to leave' });
    expect(await coordinator.hears('leave')).toMatchObject({ type: 'leave' });
    expect(await start(new FakePart())).toMatchObject({ kind: 'over' });
  });

  it('does not come back from a session that ends meanwhile', async () => {
    const { ended } = await member();
    leaving.abort();
    await coordinator.hears('draining');
    coordinator.peer?.end();
    expect(await ended).toMatchObject({ kind: 'over', reason: expect.stringContaining('ended while the worker was leaving') as string });
  });
});

describe('runSession: what a coordinator may say', () => {
  const refused = { type: 'refused', code: 'X', field: 'f', expected: 'a', got: 'b', message: 'not now' } as const;

  it('ends for good when it is refused, with exit code 78', async () => {
    const ended = start(new FakePart());
    await coordinator.hears('hello');
    coordinator.says({ ...refused, retryAfterMs: 0 });
    expect(await ended).toMatchObject({ kind: 'failed', error: { code: 'REFUSED', message: 'not now', exitCode: 78 } });
  });

  it('is to come back later when it is quarantined', async () => {
    const ended = start(new FakePart());
    await coordinator.hears('hello');
    coordinator.says({ ...refused, retryAfterMs: 1500 });
    expect(await ended).toEqual({ kind: 'deferred', retryAfterMs: 1500, reason: 'not now' });
  });

  it('passes on the term, and is lost without contact when its leader has been deposed', async () => {
    const { part, ended } = await member();
    expect(part.membership).toMatchObject({ generation: 0, term: 4 });
    part.membership?.reject('deposed');
    expect(await ended).toEqual({ kind: 'lost', contact: 'none', reason: 'deposed' });
  });

  it('knows that somebody was there, though there was no welcome', async () => {
    const ended = start(new FakePart());
    await coordinator.hears('hello');
    coordinator.peer?.end();
    expect(await ended).toMatchObject({ kind: 'lost', contact: 'open' });
  });

  it('is lost without contact where nobody listens', async () => {
    await coordinator.close();
    expect(await start(new FakePart())).toMatchObject({ kind: 'lost', contact: 'none' });
  });
});
