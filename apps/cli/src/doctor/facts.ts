/**
 * Finds out what `geo doctor` judges: looks at the host, tries the executors, a loopback connection and a file in the runs folder.
 */
import { statfs } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { NatsOptions } from '@geodesic/events';
import { ensureWritableFolder } from '../places.ts';
import type { Facts } from './checks.ts';
import { gatherExecutors } from './executors.ts';
import { gatherNats, type NatsProblem } from './nats.ts';

// File system types of statfs(2): NFS, SMB, CIFS, SMB2, AFS, Ceph.
const NETWORK_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400]);

/** Gathers the facts; problems are facts too, so nothing throws. */
export async function gatherFacts(runsFolder: string, natsOptions: NatsOptions | NatsProblem | undefined): Promise<Facts> {
  const [loopbackProblem, runs, nats] = await Promise.all([tryLoopback(), tryFolder(runsFolder), gatherNats(natsOptions)]);
  const executors = await gatherExecutors();
  // On Linux `freemem` leaves out what the page cache would give back; `availableMemory` counts it and obeys container limits.
  const free = (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();
  return {
    nodeVersion: process.version,
    cores: availableParallelism(),
    memory: { free, total: totalmem() },
    executors,
    loopbackProblem,
    runs,
    nats,
  };
}

async function tryLoopback(): Promise<string | undefined> {
  const server = createServer((socket) => socket.end());
  try {
    const { port } = await listen(server);
    await new Promise<void>((connected, failed) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => {
        socket.destroy();
        connected();
      });
      socket.once('error', failed);
    });
    return undefined;
  } catch (error) {
    return firstLine(error);
  } finally {
    server.close();
  }
}

function listen(server: Server): Promise<AddressInfo> {
  return new Promise((listening, failed) => {
    server.once('error', failed).listen({ port: 0, host: '127.0.0.1' }, () => listening(server.address() as AddressInfo));
  });
}

async function tryFolder(folder: string): Promise<Facts['runs']> {
  try {
    await ensureWritableFolder(folder);
    const { type, bavail, bsize } = await statfs(folder);
    return { folder, problem: undefined, free: bavail * bsize, isNetwork: NETWORK_FILE_SYSTEMS.has(type) };
  } catch (error) {
    return { folder, problem: firstLine(error), free: 0, isNetwork: false };
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
