/**
 * A disk in memory that knows what a power cut leaves: content that was synced, and names in folders that were synced; of the rest anything
 * may survive. It can also refuse an operation, or stop for good in the middle of one as a killed process does.
 */
import { basename, dirname } from 'node:path';
import type { Disk } from '../src/index.ts';

interface File {
  content: Buffer;
  synced: Buffer;
}

interface Folder {
  names: Map<string, Entry>;
  synced: Map<string, Entry>;
}

type Entry = File | Folder;

/** What was asked of the disk, `<operation> <path>`; throws what the operation meets. */
export type Fault = (operation: string, count: number) => void;

/** The disk; paths begin with `/run`, which is there. */
export class MemoryDisk implements Disk {
  readonly #run: Folder = { names: new Map(), synced: new Map() };
  readonly #root: Folder = { names: new Map([['run', this.#run]]), synced: new Map([['run', this.#run]]) };
  #count = 0;
  fault: Fault = () => undefined;

  /** Operations that changed something, or were to. */
  get operations(): number {
    return this.#count;
  }

  async read(path: string): Promise<Buffer> {
    const entry = this.#at(path);
    if (entry === undefined || 'names' in entry) throw systemError('ENOENT', path);
    return Buffer.from(entry.content);
  }

  async write(path: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const { names } = this.#folder(dirname(path));
    if (names.has(basename(path))) throw systemError('EEXIST', path);
    const file: File = { content: Buffer.alloc(0), synced: Buffer.alloc(0) };
    names.set(basename(path), file);
    for await (const part of parts) {
      file.content = Buffer.concat([file.content, part.subarray(0, part.length >> 1)]);
      this.#change(`write ${path}`);
      file.content = Buffer.concat([file.content, part.subarray(part.length >> 1)]);
    }
    this.#change(`sync ${path}`);
    file.synced = file.content;
  }

  async readRange(path: string, offset: number, length: number): Promise<Buffer> {
    return (await this.read(path)).subarray(offset, offset + length);
  }

  async writeRange(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    const { names } = this.#folder(dirname(path));
    const present = names.get(basename(path));
    const file = present && 'content' in present ? present : { content: Buffer.alloc(0), synced: Buffer.alloc(0) };
    names.set(basename(path), file);
    for (const part of [bytes.subarray(0, bytes.length >> 1), bytes]) {
      const content = Buffer.alloc(Math.max(file.content.length, offset + part.length));
      content.set(file.content);
      content.set(part, offset);
      file.content = content;
      this.#change(`write ${path}`);
    }
  }

  async sync(path: string): Promise<void> {
    const entry = this.#at(path);
    if (entry === undefined || 'names' in entry) throw systemError('ENOENT', path);
    this.#change(`sync ${path}`);
    entry.synced = entry.content;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#change(`rename ${to}`);
    const entry = this.#at(from);
    if (entry === undefined) throw systemError('ENOENT', from);
    const present = this.#at(to);
    if (present && 'names' in present && present.names.size > 0) throw systemError('ENOTEMPTY', to);
    this.#folder(dirname(from)).names.delete(basename(from));
    this.#folder(dirname(to)).names.set(basename(to), entry);
  }

  /** A folder goes name by name, as in a system. */
  async remove(path: string): Promise<void> {
    const entry = this.#at(path);
    if (entry === undefined) return;
    if ('names' in entry) for (const name of entry.names.keys()) await this.remove(`${path}/${name}`);
    this.#change(`remove ${path}`);
    this.#folder(dirname(path)).names.delete(basename(path));
  }

  async makeFolder(path: string): Promise<void> {
    if (this.#at(path)) return;
    await this.makeFolder(dirname(path));
    this.#change(`make ${path}`);
    this.#folder(dirname(path)).names.set(basename(path), { names: new Map(), synced: new Map() });
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.#folder(path);
    this.#change(`sync ${path}`);
    folder.synced = new Map(folder.names);
  }

  async list(path: string): Promise<string[]> {
    const entry = this.#at(path);
    return entry && 'names' in entry ? [...entry.names.keys()] : [];
  }

  async size(path: string): Promise<number | undefined> {
    const entry = this.#at(path);
    return entry && ('names' in entry ? 0 : entry.content.length);
  }

  /** All files, by path. */
  files(folder: Folder = this.#root, path = ''): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const [name, entry] of folder.names) {
      if ('content' in entry) found.set(`${path}/${name}`, entry.content);
      else for (const [inside, content] of this.files(entry, `${path}/${name}`)) found.set(inside, content);
    }
    return found;
  }

  /** The power fails and comes back. @param survives whether what was not synced is there all the same; by number, in any order */
  powerCut(survives: (question: number) => boolean): void {
    let question = 0;
    const cut = (folder: Folder): void => {
      for (const name of new Set([...folder.names.keys(), ...folder.synced.keys()])) {
        const [now, synced] = [folder.names.get(name), folder.synced.get(name)];
        const entry = now === synced || !survives(question++) ? synced : now;
        if (entry) folder.names.set(name, entry);
        else folder.names.delete(name);
      }
      for (const entry of folder.names.values()) {
        if ('names' in entry) cut(entry);
        else if (entry.content !== entry.synced && !survives(question++)) entry.content = entry.synced;
      }
    };
    this.fault = () => undefined;
    cut(this.#root);
  }

  #change(operation: string): void {
    this.fault(operation, this.#count++);
  }

  #at(path: string): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) entry = entry && 'names' in entry ? entry.names.get(name) : undefined;
    return entry;
  }

  #folder(path: string): Folder {
    const entry = this.#at(path);
    if (entry && 'names' in entry) return entry;
    throw systemError('ENOENT', path);
  }
}

/** An error as the system gives it. */
export function systemError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
