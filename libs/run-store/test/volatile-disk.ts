/**
 * A disk in memory that loses what was not made durable when its power is cut: bytes without a sync, names without one of their folder, and what
 * a failed sync was to save, for good: that can still be read until then, and later syncs of the same file succeed without saving it.
 */
import { dirname } from 'node:path';
import type { FileSystem, StoredFile } from '../src/index.ts';

interface Inode {
  cache: Uint8Array;
  disk: Uint8Array;
  /** Bytes that no sync saves any more. */
  readonly holes: { readonly from: number; readonly to: number }[];
}

/** Asked before every operation that changes something; throws for one that fails. */
export type DiskPlan = (kind: string, path: string) => void | Promise<void>;

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The disk. */
export class VolatileDisk implements FileSystem {
  plan: DiskPlan = () => undefined;
  readonly #names: Map<string, Inode>;
  #durableNames: ReadonlyMap<string, Inode>;

  constructor(names: ReadonlyMap<string, Inode> = new Map()) {
    this.#names = new Map(names);
    this.#durableNames = new Map(names);
  }

  /** What is found after a power cut. @param names whether names that were not made durable are lost as well */
  afterPowerCut(names: 'durable' | 'all'): VolatileDisk {
    const kept = names === 'all' ? this.#names : this.#durableNames;
    return new VolatileDisk(new Map([...kept].map(([path, { disk }]) => [path, { cache: disk, disk, holes: [] }])));
  }

  async open(path: string, mode: 'create' | 'replace' | 'read'): Promise<StoredFile> {
    if (mode !== 'read') await this.plan('open', path);
    const found = this.#names.get(path);
    if (mode === 'create' && found) throw systemError('EEXIST', path);
    if (mode === 'read' && !found) throw systemError('ENOENT', path);
    const inode = found ?? { cache: new Uint8Array(0), disk: new Uint8Array(0), holes: [] };
    if (mode === 'replace') Object.assign(inode, { cache: new Uint8Array(0), disk: new Uint8Array(0), holes: [] });
    this.#names.set(path, inode);
    return this.#file(path, inode);
  }

  async exists(path: string): Promise<boolean> {
    return this.#names.has(path);
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1));
  }

  async readFile(path: string): Promise<Uint8Array> {
    const inode = this.#names.get(path);
    if (!inode) throw systemError('ENOENT', path);
    return inode.cache;
  }

  async remove(path: string): Promise<void> {
    await this.plan('remove', path);
    if (!this.#names.delete(path)) throw systemError('ENOENT', path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.plan('rename', to);
    const inode = this.#names.get(from);
    if (!inode) throw systemError('ENOENT', from);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  async makeFolder(): Promise<void> {}

  async syncFolder(folder: string): Promise<void> {
    await this.plan('syncFolder', folder);
    this.#durableNames = new Map(this.#names);
  }

  #file(path: string, inode: Inode): StoredFile {
    return {
      write: async (bytes) => {
        await this.plan('write', path);
        inode.cache = Buffer.concat([inode.cache, bytes]);
        return bytes.length;
      },
      read: async (buffer, offset) => {
        const bytes = inode.cache.subarray(offset, offset + buffer.length);
        buffer.set(bytes);
        return bytes.length;
      },
      size: async () => inode.cache.length,
      datasync: async () => {
        try {
          await this.plan('datasync', path);
        } catch (error) {
          inode.holes.push({ from: inode.disk.length, to: inode.cache.length });
          throw error;
        }
        inode.disk = inode.cache.slice();
        for (const { from, to } of inode.holes) inode.disk.fill(0, from, to);
      },
      close: async () => undefined,
    };
  }
}
