/**
 * A disk that keeps what it has synced and nothing else. What was written and not synced survives the death of a process, but a power cut takes
 * any part of its end. After a sync that failed, later ones report success and save nothing of that file any more, as Linux does it. A rename
 * is durable when the folder has been synced; the creation of a file is so at once.
 */
import type { Draw } from '../seeded-draw.ts';
import { below } from '../seeded-draw.ts';

interface DiskFile {
  bytes: Uint8Array;
  length: number;
  /** So many bytes survive everything. */
  durable: number;
  /** A sync has failed: nothing more becomes durable. */
  isBroken: boolean;
  /** What a rename that is not durable has changed. */
  rename?: { readonly from: string; readonly replaced: DiskFile | undefined };
}

/** The one disk of a simulated cluster. */
export class SimulatedDisk {
  readonly #files = new Map<string, DiskFile>();
  readonly #draw: Draw;
  /** Probability that a sync fails. */
  failureRate = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** Names with this beginning, in code-unit order. */
  list(prefix: string): string[] {
    return [...this.#files.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  exists(name: string): boolean {
    return this.#files.has(name);
  }

  /** False when there is one of this name. */
  create(name: string): boolean {
    if (this.#files.has(name)) return false;
    this.#files.set(name, { bytes: new Uint8Array(256), length: 0, durable: 0, isBroken: false });
    return true;
  }

  /** What processes see of a file: synced or not; empty when there is none. Shares memory until the next append. */
  read(name: string): Uint8Array {
    const file = this.#files.get(name);
    return file ? file.bytes.subarray(0, file.length) : new Uint8Array(0);
  }

  /** Appends, and creates the file if need be. Returns the new length. */
  append(name: string, bytes: Uint8Array): number {
    this.create(name);
    const file = this.#get(name);
    const length = file.length + bytes.length;
    if (length > file.bytes.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(file.bytes.subarray(0, file.length));
      file.bytes = grown;
    }
    file.bytes.set(bytes, file.length);
    file.length = length;
    return length;
  }

  /** False when it failed. */
  sync(name: string): boolean {
    const file = this.#get(name);
    if (file.isBroken) return true;
    if (file.length > file.durable && this.failureRate > 0 && this.#draw() < this.failureRate) {
      file.isBroken = true;
      return false;
    }
    file.durable = file.length;
    return true;
  }

  /** Bytes of a file that survive everything. */
  durableBytes(name: string): number {
    return this.#files.get(name)?.durable ?? 0;
  }

  rename(from: string, to: string): void {
    const file = this.#get(from);
    file.rename = { from, replaced: this.#files.get(to) };
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  /** Makes renames durable. */
  syncFolder(): void {
    for (const file of this.#files.values()) delete file.rename;
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  /** Changes one bit of a file. */
  damage(name: string): void {
    const file = this.#files.get(name);
    if (file && file.length > 0) file.bytes[below(this.#draw, file.length)] ^= 1 << below(this.#draw, 8);
  }

  /** Everything that was not synced may be lost, from its end on; renames may be undone. */
  cutPower(): void {
    for (const [name, file] of Array.from(this.#files)) {
      const { rename } = file;
      delete file.rename;
      this.#loseEnd(file);
      if (rename === undefined || this.#draw() < 0.5) continue;
      this.#files.delete(name);
      this.#files.set(rename.from, file);
      if (rename.replaced) this.#files.set(name, this.#loseEnd(rename.replaced));
    }
  }

  #loseEnd(file: DiskFile): DiskFile {
    file.length = file.durable + below(this.#draw, file.length - file.durable + 1);
    file.durable = file.length;
    file.isBroken = false;
    return file;
  }

  #get(name: string): DiskFile {
    const file = this.#files.get(name);
    if (!file) throw new Error(`simulated disk: expected a file ${name}, got none`);
    return file;
  }
}
