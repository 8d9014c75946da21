/** A file system that fails when a test says so, and counts what it is asked. */
import { basename } from 'node:path';
import { nodeFileSystem } from '../src/index.ts';
import type { FileSystem, StoredFile } from '../src/index.ts';

export type OperationKind = 'open' | 'write' | 'datasync' | 'exists' | 'syncFolder' | 'read' | 'close' | 'remove' | 'rename';

/** One call. */
export interface Operation {
  readonly kind: OperationKind;
  /** Without the folder. */
  readonly name: string;
  /** How many of this kind there have been, with this one. */
  readonly count: number;
}

/** The system's error code, or a write that takes fewer bytes than it was given. */
export type Fault = string | { readonly short: number };

/** Decides what fails; may wait, and so stop the caller in the middle. */
export type FaultPlan = (operation: Operation) => Fault | undefined | Promise<Fault | undefined>;

export interface FaultyFileSystem extends FileSystem {
  readonly operations: readonly Operation[];
  plan: FaultPlan;
}

/** The machine's file system with the faults of a plan. */
export function faultyFileSystem(plan: FaultPlan = () => undefined): FaultyFileSystem {
  const operations: Operation[] = [];
  const counts = new Map<OperationKind, number>();

  const ask = async (kind: OperationKind, path: string): Promise<number | undefined> => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const operation = { kind, name: basename(path), count };
    operations.push(operation);
    const fault = await faulty.plan(operation);
    if (typeof fault === 'string') throw Object.assign(new Error(`${fault}: injected, ${kind} ${operation.name}`), { code: fault });
    return fault?.short;
  };

  const wrap = (file: StoredFile, path: string): StoredFile => ({
    async write(bytes) {
      const short = await ask('write', path);
      return file.write(short === undefined ? bytes : bytes.subarray(0, short));
    },
    async read(buffer, offset) {
      const short = await ask('read', path);
      return file.read(short === undefined ? buffer : buffer.subarray(0, short), offset);
    },
    size: () => file.size(),
    async datasync() {
      await ask('datasync', path);
      await file.datasync();
    },
    async close() {
      await file.close();
      await ask('close', path);
    },
  });

  const faulty: FaultyFileSystem = {
    ...nodeFileSystem,
    operations,
    plan,
    async open(path, mode) {
      await ask('open', path);
      return wrap(await nodeFileSystem.open(path, mode), path);
    },
    async exists(path) {
      await ask('exists', path);
      return nodeFileSystem.exists(path);
    },
    async remove(path) {
      await ask('remove', path);
      await nodeFileSystem.remove(path);
    },
    async rename(from, to) {
      await ask('rename', to);
      await nodeFileSystem.rename(from, to);
    },
    async syncFolder(path) {
      await ask('syncFolder', path);
      await nodeFileSystem.syncFolder(path);
    },
  };
  return faulty;
}
