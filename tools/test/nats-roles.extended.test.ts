/** The roles of infra/nats on a real nats-server: each does its whole work with its own rights, needs them all, and is refused the rest. */
import { createHash } from 'node:crypto';
import {
  ensureStreams,
  evaluatorEvent,
  NatsBus,
  NatsLease,
  NatsLogMirror,
  NatsLogMirrorReader,
  NatsObjects,
  natsOperation,
  projectEvent,
  type GeodesicEvent,
  type MirroredRecord,
  type NatsClient,
} from '@geodesic/events';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leaderInNats } from '../../apps/cli/src/artery/leader-in-nats.ts';
import { describeBus } from '../../libs/events/test/bus-conformance.ts';
import { connectAs, rightsOfConfiguration, ROLES, usersConfiguration, type Role } from './nats-roles.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: roles of infra/nats on a server: ${reason}\n`);

const READERS = ['observer', 'evaluator'] as const;
const place = { cluster: 'main', run: 'r1' };
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const thing = (text: string): { readonly digest: string; readonly bytes: Uint8Array } => {
  const bytes = Buffer.from(text.repeat(1_000_000));
  return { digest: digestOf(bytes), bytes };
};
/** Objects, events and records are large enough for the server to ask readers whether they keep up. */
const [sent, kept] = [thing('sent '), thing('kept ')];
const at = '2026-01-01T00:00:00.000Z';
const paused = (sequence: number): GeodesicEvent =>
  projectEvent({ sequence, type: 'run.paused', at, data: { step: sequence, reason: 'asked '.repeat(100_000) } }, place)[0];
const result = evaluatorEvent({
  ...place,
  step: 1,
  split: 'test',
  loss: 1,
  examples: 1,
  paramsDigest: sent.digest,
  at,
});
const record = (sequence: number): MirroredRecord => ({
  sequence,
  hash: String(sequence + 1).padStart(64, '0'),
  previous: String(sequence).padStart(64, '0'),
  term: 1,
  bytes: Buffer.alloc(600_000, sequence),
});

const EVENTS = [1, 2, 3, 4, 5, 6].map(paused);

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.skipIf(reason !== undefined)('the roles of infra/nats', { timeout: 30_000 }, () => {
  let server: NatsServer;
  const clients = new Map<Role, NatsClient>();
  const as = (role: Role): NatsClient => clients.get(role) as NatsClient;
  const over = new AbortController();
  const { signal } = over;

  beforeAll(async () => {
    server = await NatsServer.start({ config: `${usersConfiguration()}\ntrace: true\nmax_traced_msg_len: 16\n` });
    for (const role of ROLES) clients.set(role, await connectAs(role, server));
  });
  afterAll(async () => {
    over.abort();
    await Promise.all([...clients.values()].map((client) => client.close()));
    await server?.stop();
  });

  describe('let the coordinator', () => {
    it('make streams, publish events, and see how far it has come', async () => {
      await ensureStreams(as('coordinator'), { ha: true });
      const bus = new NatsBus(as('coordinator'));
      for (const event of EVENTS) await bus.publish(event);
      expect(await bus.lastOf('r1')).toEqual(EVENTS.at(-1));
      await bus.publish(result);
      expect(await bus.lastOf('r1')).toEqual(EVENTS.at(-1));
      expect(await collect(bus.follow({ untilNow: true, signal }))).toHaveLength(EVENTS.length + 1);
      expect(await bus.runs()).toEqual(['r1']);
    });

    it('broadcast objects, name the newest checkpoint, and serve what is asked for', async () => {
      const objects = new NatsObjects(as('coordinator'), 'r1');
      const { last } = await objects.put(each([sent]));
      expect(last).toBeGreaterThan(0);
      await objects.point({ step: 1, manifest: sent.digest, bytes: sent.bytes.length, files: ['parameters.safetensors'] });
      expect(await objects.stored()).toEqual(new Set([sent.digest]));
      objects.serve((digest) => Promise.resolve(digest === kept.digest ? kept.bytes : undefined), signal);
    });

    it('lead: the lease, and the copy of the log, which a standby reads', async () => {
      const lease = new NatsLease(as('coordinator'), { leader: 'a', address: 'a:1', folder: 'a', leaseMs: 1000 });
      await lease.acquire(signal);
      const mirror = new NatsLogMirror(as('coordinator'), 'r1');
      const records = [0, 1, 2, 3, 4, 5].map(record);
      for (const one of records) await mirror.append(one);
      expect((await new NatsLogMirror(as('coordinator'), 'r1').last())?.sequence).toBe(5);
      const copied = await collect(new NatsLogMirrorReader(as('coordinator')).follow({ untilNow: true, signal }));
      expect(copied.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5]);
      await lease.release();
    });

    it('fetch as a standby what another one stored', async () => {
      const standby = await connectAs('coordinator', server);
      const objects = new NatsObjects(standby, 'r1');
      expect((await objects.pointer())?.step).toBe(1);
      const passed = await collect(objects.stream({ first: 1, last: 1_000 }, { wanted: new Set([sent.digest]), signal }));
      expect(passed.map(({ digest }) => digest)).toEqual([sent.digest]);
      for (const { digest, bytes } of [sent, kept]) expect(Buffer.compare(await objects.get(digest, signal), bytes)).toBe(0);
      await standby.close();
    });
  });

  describe.each(READERS)('let the %s', (role) => {
    it('hear events, and find a run', async () => {
      const bus = new NatsBus(as(role));
      expect(await bus.runs()).toEqual(['r1']);
      expect(await bus.lastOf('r1')).toEqual(EVENTS.at(-1));
      const heard = await collect(bus.follow({ run: 'r1', after: 1, untilNow: true, signal }));
      expect(heard.map(({ event }) => event.id)).toContain(EVENTS[1].id);
    });
  });

  describe.each([...READERS, 'worker'] as const)('let the %s', (role) => {
    it('fetch objects, and ask for those that are not there', async () => {
      const objects = new NatsObjects(as(role), 'r1');
      const pointer = await objects.pointer();
      expect(pointer?.manifest).toBe(sent.digest);
      const range = { first: 1, last: 1_000 };
      const passed = await collect(objects.stream(range, { wanted: new Set([sent.digest]), signal }));
      expect(passed.map(({ digest }) => digest)).toEqual([sent.digest]);
      const wanted = thing(`for the ${role} `);
      const provider = (digest: string): Promise<Uint8Array | undefined> =>
        Promise.resolve(digest === wanted.digest ? wanted.bytes : undefined);
      const turn = new AbortController();
      const run = `r-${role}`;
      new NatsObjects(as('coordinator'), run).serve(provider, turn.signal);
      expect(Buffer.compare(await new NatsObjects(as(role), run).get(wanted.digest, signal), wanted.bytes)).toBe(0);
      turn.abort();
    });
  });

  it('let the evaluator say what it found', async () => {
    await new NatsBus(as('evaluator')).publish(result);
    const heard = await collect(new NatsBus(as('observer')).follow({ run: 'r1', type: 'evaluator.result', untilNow: true, signal }));
    expect(heard.map(({ event }) => event)).toEqual([result]);
  });

  it('let the operator see what happens, where a run is led, and the sizes of the streams', async () => {
    const heard = await collect(new NatsBus(as('operator')).follow({ untilNow: true, signal }));
    expect(heard).toHaveLength(EVENTS.length + 1);
    expect(await new NatsBus(as('operator')).lastOf('r1')).toEqual(EVENTS.at(-1));
    const lease = new NatsLease(as('coordinator'), { leader: 'b', address: 'b:1', folder: 'b', leaseMs: 1000 });
    await lease.acquire(signal);
    expect(await leaderInNats('r1', as('operator').options)).toEqual({ runId: 'r1', address: 'b:1' });
    await lease.release();
    for (const stream of ['GD_EVENTS_main', 'GD_OBJECTS_main', 'GD_COMMIT_main'])
      expect((await as('operator').manager.streams.info(stream)).state.messages).toBeGreaterThan(0);
  });

  describe('refuse', () => {
    const publishes = (role: Role) => (): Promise<void> => new NatsBus(as(role)).publish(paused(7));
    const puts = (role: Role) => (): Promise<unknown> => new NatsObjects(as(role), 'r1').put(each([kept]));
    const points = (role: Role) => (): Promise<void> =>
      new NatsObjects(as(role), 'r1').point({ step: 9, manifest: sent.digest, bytes: 1, files: [] });
    const readsLog = (role: Role) => (): Promise<unknown> => new NatsLogMirror(as(role), 'r1').last();
    const writesLog = (role: Role) => (): Promise<unknown> =>
      natsOperation(as(role), 'gd.cm.main.r1', () => as(role).jetstream.publish('gd.cm.main.r1', 'x'));
    const leads = (role: Role) => async (): Promise<void> => {
      const lease = new NatsLease(as(role), { leader: role, address: 'b:1', folder: 'b', leaseMs: 300 });
      await lease.acquire(AbortSignal.timeout(10_000));
    };
    const hears = (role: Role) => (): Promise<unknown> => collect(new NatsBus(as(role)).follow({ untilNow: true, signal }));
    const others = ROLES.filter((role) => role !== 'coordinator');
    const acts = (
      name: string,
      roles: readonly Role[],
      act: (role: Role) => () => Promise<unknown>,
    ): [Role, string, () => Promise<unknown>][] => roles.map((role) => [role, name, act(role)]);
    it.each([
      ...acts('publish an event of a run', others, publishes),
      ...acts('put an object', others, puts),
      ...acts('name a checkpoint', others, points),
      ...acts('read the commit log', others, readsLog),
      ...acts('write the commit log', others, writesLog),
      ...acts('take the lease', others, leads),
      ...acts('hear events', ['worker'], hears),
      ...acts('create a stream', others, (role) => () => ask(role, 'create')),
      ...acts('purge a stream', ROLES, (role) => () => ask(role, 'purge')),
      ...acts('remove a stream', ROLES, (role) => () => ask(role, 'remove')),
      ...acts('answer requests', others, (role) => () => listen(role, 'gd.rq.main.*.object')),
      ...acts('hear the answers of others', others, (role) => () => listen(role, '_INBOX_coordinator.>')),
      ...acts('hear everything', ROLES, (role) => () => listen(role, 'gd.>')),
    ])('%s: to %s', async (_role, _name, act) => {
      await expect(act()).rejects.toMatchObject({ code: 'PERMISSION' });
    });

    function ask(role: Role, what: 'create' | 'purge' | 'remove'): Promise<unknown> {
      const { streams } = as(role).manager;
      const questions = {
        create: () => streams.add({ name: 'GD_EVENTS_main', subjects: ['gd.ev.main.*.>'] }),
        purge: () => streams.purge('GD_EVENTS_main'),
        remove: () => streams.delete('GD_EVENTS_main'),
      };
      return natsOperation<unknown>(as(role), `${what} a stream`, questions[what]);
    }

    function listen(role: Role, subject: string): Promise<unknown> {
      const heard = new Promise((_, reject) => {
        as(role).connection.subscribe(subject, { callback: (error) => (error === null ? undefined : reject(error)) });
      });
      return natsOperation(as(role), subject, () => heard);
    }
  });

  it('give nobody a right that its work does not use', () => {
    const used = usedRights(server.log());
    const unused = rightsOfConfiguration().filter(({ role, right, subject }) => {
      const pattern = new RegExp(`^${subject.replace(/[.$]/g, '\\$&').replace(/\*/g, '[^.]+').replace(/>$/, '.+')}$`);
      return !used.some((use) => use.role === role && use.right === right && pattern.test(use.subject));
    });
    expect(unused.map(({ role, right, subject }) => `${role} ${right} ${subject}`)).toEqual([]);
  });

  /** What the server traced of each role: who a connection is, `cid:7 - <<- [CONNECT {..."user":"observer"`, and what it sent, `cid:7 - "..." - <<- [PUB subject`. */
  function usedRights(log: string): readonly { role: string; right: string; subject: string }[] {
    const roles = new Map(
      [...log.matchAll(/(cid:\d+) - <<- \[CONNECT .*?"user":"(\w+)"/g)].map(([, connection, role]) => [connection, role]),
    );
    const lines = log.matchAll(/(cid:\d+) - "[^"]*" - <<- \[(H?PUB|SUB) (\S+)/g);
    return [...lines].map(([, connection, verb, subject]) => ({
      role: roles.get(connection) ?? '',
      right: verb === 'SUB' ? 'subscribe' : 'publish',
      subject,
    }));
  }
});

describe.skipIf(reason !== undefined)('infra/nats', { timeout: 30_000 }, () => {
  describeBus('the coordinator of users.conf', async () => {
    const server = await NatsServer.start({ config: usersConfiguration() });
    const client = await connectAs('coordinator', server);
    const dispose = async (): Promise<void> => {
      await client.close();
      await server.stop();
    };
    return { bus: new NatsBus(client), dispose };
  });
});
