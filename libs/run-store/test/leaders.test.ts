import type { LogEntry } from '@geodesic/cluster';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitLog, MirroredFolder, readLog, ReplicaQueue, rereadLog, RunStoreError } from '../src/index.ts';
import type { ReplicatedRecord, RunFolder } from '../src/index.ts';
import { CopyServer } from './copy-server.ts';
import type { CopyFault } from './copy-server.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import { hastyFileSystem as fileSystem, newRun, pause, runEntry, stepEntry, temporaryFolder } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

/** A leader and what it does: entries, perhaps a crash at one of its writes, and whether it leaves before the next one comes. */
interface Reign {
  readonly folder: 0 | 1;
  readonly entries: readonly ('step' | 'control')[];
  readonly crashAt: number | undefined;
  readonly stays: boolean;
  readonly faults: readonly (CopyFault | undefined)[];
}

const reign = fc.record<Reign>({
  folder: fc.constantFrom(0, 1),
  entries: fc.array(fc.constantFrom<('step' | 'control')[]>('step', 'step', 'control'), { maxLength: 5 }),
  crashAt: fc.option(fc.nat(6), { nil: undefined }),
  stays: fc.boolean(),
  faults: fc.array(fc.constantFrom<(CopyFault | undefined)[]>('refused', 'lost', 'late', undefined, undefined), { maxLength: 10 }),
});

const hashes = (records: readonly { hash: string }[]): string[] => records.map(({ hash }) => hash);

/** Coordinators with folders of their own, and the copy that they share. */
class Cluster {
  readonly server = new CopyServer();
  readonly folders: readonly RunFolder[];
  /** What people were told is written: admitted entries, by the hash of their record. */
  readonly promised: string[] = [];
  readonly #open: { readonly log: CommitLog; readonly queue: ReplicaQueue }[] = [];

  constructor(folders: readonly RunFolder[]) {
    this.folders = folders;
  }

  async mirror(folder: RunFolder): Promise<void> {
    const mirrored = await MirroredFolder.open(folder.path, { fileSystem });
    await mirrored.append(this.server.stored);
    await mirrored.close();
  }

  /** One leader's time; whether it got as far as leading. */
  async reign({ folder: which, entries, crashAt, stays, faults }: Reign, isFirst: boolean): Promise<boolean> {
    const folder = this.folders[which];
    if (!isFirst) await this.mirror(folder);
    let asked = 0;
    const port = this.server.port(() => faults.at(asked++));
    const queue = new ReplicaQueue({ name: 'copy', port, reread: (from) => rereadLog(folder, from, fileSystem), pauseMs: () => 0 });
    let writes = 0;
    const files = faultyFileSystem(({ kind, name }) => {
      const isLog = kind === 'write' && name.startsWith('commit');
      return isLog && writes++ === crashAt ? 'EBADF' : undefined;
    });
    try {
      const options = { replica: queue, fileSystem: files };
      const log = isFirst ? await CommitLog.create(folder, options) : (await CommitLog.takeOver(folder, options)).log;
      this.#open.push({ log, queue });
      if (isFirst) await log.append(runEntry);
      for (const [i, kind] of entries.entries()) await this.#append(log, kind === 'step' ? stepEntry(i + 1) : pause(this.promised.length));
      return true;
    } catch (error) {
      if (!(error instanceof RunStoreError)) throw error;
      return false;
    } finally {
      if (!stays) await this.#leave();
    }
  }

  /** Leaders that stayed write on, and find out. */
  async end(): Promise<void> {
    for (const { log } of this.#open) await this.#append(log, stepEntry(99)).catch(() => undefined);
    await this.#leave();
  }

  async #append(log: CommitLog, entry: LogEntry): Promise<void> {
    await log.append(entry);
    if (entry.type === 'control') this.promised.push(this.server.stored.findLast(isControl)?.hash ?? 'none');
  }

  /** Like a process that is killed: what was not copied stays behind. */
  async #leave(): Promise<void> {
    for (const { log, queue } of this.#open.splice(0)) {
      queue.close();
      log.abandon();
      await log.close();
    }
  }
}

function isControl({ bytes }: ReplicatedRecord): boolean {
  return Buffer.from(bytes).includes('"type":"control"');
}

describe('coordinators one after the other, with folders of their own and one copy', () => {
  it('keep one chain, and all that only one of them could write, through crashes, lost answers and leaders that stay', async () => {
    const property = fc.asyncProperty(fc.array(reign, { minLength: 1, maxLength: 6 }), async (reigns) => {
      const cluster = new Cluster([await newRun(temporary.path), await newRun(temporary.path)]);
      const { server, folders, promised } = cluster;
      const first: Reign = { folder: 0, entries: ['step'], crashAt: undefined, stays: false, faults: [] };
      for (const [i, one] of [first, ...reigns].entries()) await cluster.reign(one, i === 0);
      await cluster.end();
      // Whoever comes last, undisturbed, gets in at the latest with the second attempt: the first may meet what is late.
      const last: Reign = { folder: 1, entries: ['control', 'step'], crashAt: undefined, stays: false, faults: [] };
      const isIn = (await cluster.reign(last, false)) || (await cluster.reign(last, false));
      for (const folder of folders) await cluster.mirror(folder);
      const chain = server.stored;
      expect(isIn).toBe(true);
      expect(chain.slice(1).map(({ previous }) => previous)).toEqual(hashes(chain.slice(0, -1)));
      expect(chain.map(({ sequence }) => sequence)).toEqual(chain.map((_, i) => i));
      expect(chain.every(({ term }, i) => i === 0 || term >= chain[i - 1].term)).toBe(true);
      expect(hashes(chain)).toEqual(expect.arrayContaining(promised));
      const [one, two] = await Promise.all(folders.map((folder) => readLog(folder, fileSystem)));
      expect([one.unconnected, two.unconnected]).toEqual([0, 0]);
      // A step behind the last admitted record may be in its leader's folder alone.
      expect(hashes(one.records)).toEqual(hashes(chain));
      expect(hashes(two.records).slice(0, chain.length)).toEqual(hashes(chain));
    });
    await fc.assert(property, { numRuns: 15, seed: 10 });
  });
});
