import { leaderOf, PROTOCOL_VERSION, STATE_VERSION } from '@geodesic/wire';
import type { CoordinatorMessage, ExchangeService, RunsService, SessionHandler } from '@geodesic/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { gatedServices } from '../../src/leadership/gated-services.ts';
import type { Services } from '../../src/leadership/gated-services.ts';

const standing = { isLeader: false, leader: undefined as string | undefined };
const entered: string[] = [];
const handler: SessionHandler = { message: () => undefined, closed: () => undefined };

const gated: Services = gatedServices(
  {
    session: {
      open: () => {
        entered.push('session');
        return handler;
      },
    },
    exchange: { admit: () => undefined } as unknown as ExchangeService,
    runs: { get: async () => ({ run: 'r' }), watch: () => 'watched' } as unknown as RunsService,
  },
  standing,
);

/** What a worker hears that says a word. */
function heard(message: Parameters<SessionHandler['message']>[0]): { sent: CoordinatorMessage[]; ended: boolean } {
  const sent: CoordinatorMessage[] = [];
  let ended = false;
  gated.session.open({ send: (answer) => sent.push(answer), end: () => (ended = true) }).message(message);
  return { sent, ended };
}

const hello = { type: 'hello', worker: 'w', incarnation: 'i', protocol: PROTOCOL_VERSION, state: STATE_VERSION, pid: 1 } as const;

describe('gatedServices', () => {
  beforeEach(() => {
    Object.assign(standing, { isLeader: false, leader: '10.0.0.1:7077' });
    entered.length = 0;
  });

  it('names the leader to a worker, and lets nobody in', () => {
    expect(heard(hello)).toMatchObject({
      sent: [{ type: 'refused', code: 'NOT_LEADER', got: '10.0.0.1:7077', retryAfterMs: 100 }],
      ended: true,
    });
    standing.leader = undefined;
    expect(heard(hello).sent).toMatchObject([{ code: 'NOT_LEADER', got: '' }]);
    expect(entered).toEqual([]);
  });

  it('tells a worker of another version so', () => {
    expect(heard({ ...hello, protocol: 99 }).sent).toMatchObject([{ type: 'refused', code: 'PROTOCOL_MISMATCH' }]);
  });

  it('refuses people and uploads with the address of the leader', async () => {
    const error: unknown = await gated.runs.get('').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NOT_LEADER', message: expect.stringContaining('10.0.0.1:7077') as string });
    expect(leaderOf(error)).toBe('10.0.0.1:7077');
    expect(() => gated.runs.watch('r', 1, new AbortController().signal)).toThrow(expect.objectContaining({ code: 'NOT_LEADER' }));
    expect(() => gated.exchange.fetch('sha256:00')).toThrow(expect.objectContaining({ code: 'NOT_LEADER' }));
    expect(gated.exchange.admit({} as Parameters<ExchangeService['admit']>[0])).toMatchObject({ result: 'stale' });
  });

  it('lets everybody in once it leads', async () => {
    standing.isLeader = true;
    heard(hello);
    expect(entered).toEqual(['session']);
    expect(await gated.runs.get('r')).toEqual({ run: 'r' });
    expect(gated.exchange.admit({} as Parameters<ExchangeService['admit']>[0])).toBeUndefined();
  });
});
