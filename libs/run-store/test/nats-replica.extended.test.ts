/** A log, its copy on a real nats-server, a standby's folder and a take-over from there, across a server that is killed. */
import { connectNats, NatsLogMirror, NatsLogMirrorReader, readNatsOptions } from '@geodesic/events';
import type { NatsClient, NatsOptions } from '@geodesic/events';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommitLog, MirroredFolder, readLog, ReplicaQueue, rereadLog } from '../src/index.ts';
import type { RunFolder } from '../src/index.ts';
import { newRun, pause, runEntry, stepEntry, temporaryFolder } from './fixtures.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: the copy of a log on a server: ${reason}\n`);

describe.skipIf(reason !== undefined)('the copy of a log on a server', () => {
  let server: NatsServer;
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  const clients: NatsClient[] = [];
  const queues: ReplicaQueue[] = [];

  const connect = async (name: string): Promise<NatsClient> => {
    const client = await connectNats(readNatsOptions({ url: server.url, env: {} }) as NatsOptions, { name });
    clients.push(client);
    return client;
  };
  const queueOf = (client: NatsClient, folder: RunFolder): ReplicaQueue => {
    const port = new NatsLogMirror(client, 'r1');
    const queue = new ReplicaQueue({ name: 'copy of r1', port, reread: (from) => rereadLog(folder, from) });
    queues.push(queue);
    return queue;
  };
  /** What a standby does before it takes a run over. */
  const mirror = async (client: NatsClient, folder: RunFolder): Promise<void> => {
    const mirrored = await MirroredFolder.open(folder.path);
    const options = { untilNow: true, signal: new AbortController().signal };
    const written: Promise<void>[] = [];
    for await (const record of new NatsLogMirrorReader(client).follow(options)) written.push(mirrored.append([record]));
    await Promise.all(written);
    await mirrored.close();
  };
  const hashes = async (folder: RunFolder): Promise<string[]> => (await readLog(folder)).records.map(({ hash }) => hash);

  beforeEach(async () => {
    [server, temporary] = await Promise.all([NatsServer.start(), temporaryFolder()]);
  });
  afterEach(async () => {
    for (const queue of queues.splice(0)) queue.close();
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all([server.stop(), temporary.remove()]);
  });

  it('goes on without the server, holds back what only one leader may write, and catches up', async () => {
    const [client, folder] = [await connect('leader'), await newRun(temporary.path)];
    const queue = queueOf(client, folder);
    const log = await CommitLog.create(folder, { replica: queue });
    await log.append(runEntry);
    await server.kill();
    for (let step = 1; step <= 50; step++) await log.append(stepEntry(step));
    expect(await hashes(folder)).toHaveLength(51);
    const paused = log.append(pause(51));
    await expect.poll(() => queue.status).toMatchObject({ behind: 51, isWaiting: true });
    expect(await hashes(folder)).toHaveLength(51);
    await server.restart();
    await paused;
    await queue.ready();
    await log.close();
    const standby = await newRun(temporary.path);
    await mirror(client, standby);
    expect(await hashes(standby)).toEqual(await hashes(folder));
  });

  it('is taken over from by a standby; what the leader before says then is nobody’s, and its folder follows', async () => {
    const [one, two] = [await connect('one'), await connect('two')];
    const [first, second] = [await newRun(temporary.path), await newRun(temporary.path)];
    const queue = queueOf(one, first);
    const old = await CommitLog.create(first, { replica: queue });
    for (const entry of [runEntry, stepEntry(1), stepEntry(2)]) await old.append(entry);
    expect(await queue.flush(10_000)).toBe(true);
    await mirror(two, second);
    const { log, term } = await CommitLog.takeOver(second, { replica: queueOf(two, second) });
    expect(term).toBe(2);
    await old.append(stepEntry(3)); // two leaders compute the same
    await expect(old.append(pause(4))).rejects.toMatchObject({ code: 'LOG_DEPOSED', message: expect.stringContaining('of term 2') });
    await expect(old.append(stepEntry(4))).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    await expect(old.confirm()).rejects.toMatchObject({ code: 'LOG_DEPOSED' });
    await log.append(stepEntry(3));
    await log.append(pause(4));
    await Promise.all([old.close(), log.close()]);
    await mirror(one, first);
    expect(await hashes(first)).toEqual(await hashes(second));
    const back = await CommitLog.takeOver(first, { replica: queueOf(one, first) });
    expect(back.term).toBe(3);
    await back.log.close();
  });

  it('lets one of two in that take over at the same time', async () => {
    const [one, two] = [await connect('one'), await connect('two')];
    const folders = [await newRun(temporary.path), await newRun(temporary.path), await newRun(temporary.path)];
    const queue = queueOf(one, folders[0]);
    const log = await CommitLog.create(folders[0], { replica: queue });
    await log.append(runEntry);
    await log.close();
    for (const folder of folders.slice(1)) await mirror(two, folder);
    const attempts = await Promise.allSettled(
      [one, two].map((client, i) => CommitLog.takeOver(folders[1 + i], { replica: queueOf(client, folders[1 + i]) })),
    );
    expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason as unknown] : []));
    expect(lost).toMatchObject([{ code: 'LOG_DEPOSED' }]);
    await Promise.all(attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value.log.close()] : [])));
  });
});
