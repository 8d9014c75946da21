import { PROTOCOL_VERSION, STATE_VERSION } from '@geodesic/wire';
import type { CoordinatorMessage, SessionPeer } from '@geodesic/wire';
import { describe, expect, it } from 'vitest';
import { Lobby } from '../src/lobby.ts';
import { WorkerPool } from '../src/worker-pool.ts';

class FakePeer implements SessionPeer {
  readonly sent: CoordinatorMessage[] = [];
  ended = false;

  send(message: CoordinatorMessage): void {
    this.sent.push(message);
  }

  end(): void {
    this.ended = true;
  }
}

function hello(worker: string, protocol = PROTOCOL_VERSION) {
  return { type: 'hello', worker, incarnation: `${worker}-1`, protocol, state: STATE_VERSION, pid: 1 } as const;
}

function pool(): WorkerPool {
  const observer = { joined: () => undefined, event: () => undefined };
  return new WorkerPool({ run: 'r', term: 3, bundleDigest: 'sha256:00', leaseMs: 1000, heartbeatMs: 100, observer });
}

describe('Lobby', () => {
  it('lets workers wait for a run and welcomes them, and those who come later, when it opens', () => {
    const lobby = new Lobby();
    const [early, late] = [new FakePeer(), new FakePeer()];
    lobby.open(early).message(hello('a'));
    expect(early.sent).toEqual([]);
    const run = pool();
    lobby.openRun(run);
    lobby.open(late).message(hello('b'));
    const welcome = { type: 'welcome', run: 'r', leaseMs: 1000, heartbeatMs: 100, bundleDigest: 'sha256:00', term: 3 };
    expect([early.sent, late.sent]).toEqual([[welcome], [welcome]]);
    run.end('completed');
    expect(early.sent.at(-1)).toEqual({ type: 'run-over', state: 'completed' });
  });

  it('forgets a worker that leaves while it waits', () => {
    const lobby = new Lobby();
    const peer = new FakePeer();
    const handler = lobby.open(peer);
    handler.message(hello('a'));
    handler.closed('gone');
    const run = pool();
    lobby.openRun(run);
    run.end('completed');
    expect(peer.sent).toEqual([]);
  });

  it('knows when those that were missed have come after all and were told of the end', async () => {
    const lobby = new Lobby();
    lobby.closeRun({ state: 'completed', final: true });
    await lobby.allTold([]);
    let isTold = false;
    const told = lobby.allTold(['a', 'b']).then(() => (isTold = true));
    for (const worker of ['a', 'c']) lobby.open(new FakePeer()).message(hello(worker));
    await Promise.resolve();
    expect(isTold).toBe(false);
    lobby.open(new FakePeer()).message(hello('b'));
    await told;
  });

  it('sends everybody home when there will be no other run', () => {
    const lobby = new Lobby();
    const [waiting, late] = [new FakePeer(), new FakePeer()];
    lobby.open(waiting).message(hello('a'));
    lobby.closeRun({ state: 'stopped', final: true });
    lobby.open(late).message(hello('b'));
    const over = { type: 'run-over', state: 'stopped' };
    expect([waiting.sent, late.sent, waiting.ended, late.ended]).toEqual([[over], [over], true, true]);
  });

  it('refuses another protocol version, naming both', () => {
    const peer = new FakePeer();
    new Lobby().open(peer).message(hello('a', 99));
    expect(peer.sent).toMatchObject([{ type: 'refused', code: 'PROTOCOL_MISMATCH', expected: String(PROTOCOL_VERSION), got: '99' }]);
    expect(peer.ended).toBe(true);
  });

  it('refuses anything before hello', () => {
    const handler = new Lobby().open(new FakePeer());
    expect(() => handler.message({ type: 'ready', fingerprint: {} })).toThrow(/session: expected hello, got ready/);
  });
});
