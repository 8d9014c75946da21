/**
 * One checkpoint on disk: a folder of safetensors files and a manifest.json that names each with its length and digests.
 * A checkpoint is built in a sibling folder, every file fsynced, the manifest last, and appears under its name by one rename:
 * whatever is interrupted, a folder of that name is whole or absent.
 */
import { dirname, join, resolve } from 'node:path';
import { ChunkStore } from './chunk-store.ts';
import { localDisk, type Disk } from './disk.ts';
import { CheckpointError } from './errors.ts';
import { fileDigest } from './file-chunks.ts';
import { readManifest, requirePlainName, type CheckpointManifest, type ManifestFile } from './manifest.ts';
import { decodeSafetensors, type SafetensorsFile } from './read-safetensors.ts';
import { publish, stageCheckpoint, stagingOf, type RawFile } from './stage-checkpoint.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { safetensorsParts, type Metadata } from './write-safetensors.ts';

/** One file to write, `parameters.safetensors` for example. Its arrays are not copied: they must not change while it is being written. */
export interface CheckpointFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata?: Metadata;
  /** As a file that any tool reads (default), or as chunks, of which those that did not change are shared with other checkpoints. */
  readonly store?: 'file' | 'chunks';
}

/** What a checkpoint holds. */
export interface CheckpointContent {
  readonly files: Readonly<Record<string, CheckpointFile>>;
  /** Plain JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A checkpoint read back and verified. */
export interface Checkpoint {
  readonly manifest: CheckpointManifest;
  readonly files: ReadonlyMap<string, SafetensorsFile>;
}

/** The folder of chunks beside the folders of checkpoints. */
export const CHUNKS = 'chunks';

/** Where to work; default: this machine's disk. */
interface DiskOption {
  readonly disk?: Disk;
}

/**
 * Writes a checkpoint that needs no other folder, durably; one that is already there is replaced. Survives a power cut once it resolves.
 * @throws {CheckpointError} `unwritable` with the system's reason, or `invalid` when a file name is not a plain name
 */
export async function writeCheckpoint(
  directory: string,
  { files, facts }: CheckpointContent,
  { disk = localDisk }: DiskOption = {},
): Promise<CheckpointManifest> {
  return writeRaw(resolve(directory), { files: rawFiles(files, 'file'), facts, disk });
}

/**
 * Copies a checkpoint, verified, into a folder that needs no other: a plain file for each of its files.
 * @throws {CheckpointError} as {@link readCheckpoint} and {@link writeCheckpoint}
 */
export async function copyCheckpoint(from: string, to: string, { disk = localDisk }: DiskOption = {}): Promise<void> {
  const { facts, files } = await readManifest(from, disk);
  const copies: Record<string, RawFile> = {};
  for (const [name, file] of Object.entries(files))
    copies[name] = { parts: [await verifiedBytes({ directory: from, name, file, disk })], stored: 'file' };
  await writeRaw(resolve(to), { files: copies, facts, disk });
}

/**
 * Reads a checkpoint of any version and verifies every file against the manifest before it is decoded.
 * @throws {CheckpointError} `missing` when there is no manifest, `invalid` when a file is absent, altered or malformed
 */
export async function readCheckpoint(directory: string, { disk = localDisk }: DiskOption = {}): Promise<Checkpoint> {
  const manifest = await readManifest(directory, disk);
  const files = new Map<string, SafetensorsFile>();
  for (const [name, file] of Object.entries(manifest.files)) {
    const bytes = await verifiedBytes({ directory, name, file, disk });
    files.set(name, decodeSafetensors(bytes, join(directory, name)));
  }
  return { manifest, files };
}

/** The files of a checkpoint as bytes to come. @throws {CheckpointError} `invalid` where a tensor does not fit its shape */
export function rawFiles(files: CheckpointContent['files'], stored?: 'file'): Readonly<Record<string, RawFile>> {
  const raw = Object.entries(files).map(([name, { tensors, metadata, store = 'file' }]) => {
    return [name, { parts: safetensorsParts(tensors, metadata), stored: stored ?? store }] as const;
  });
  return Object.fromEntries(raw);
}

/** Tells a refusal of the system as this library's error. */
export async function orUnwritable<T>(target: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const hint = 'check the free space and the permissions of the folder';
    const expected = 'a folder that can be written';
    throw new CheckpointError('unwritable', { source: target, expected, got: (cause as Error).message, hint, cause });
  }
}

function writeRaw(
  target: string,
  { files, facts, disk }: { files: Readonly<Record<string, RawFile>>; facts: CheckpointContent['facts']; disk: Disk },
): Promise<CheckpointManifest> {
  for (const name of Object.keys(files)) requirePlainName(name, target);
  return orUnwritable(target, async () => {
    const manifest = await stageCheckpoint(stagingOf(target), { files, facts }, { disk });
    await publish(target, { disk });
    return manifest;
  });
}

/** A file of a checkpoint, from wherever it is stored. */
async function verifiedBytes(options: { directory: string; name: string; file: ManifestFile; disk: Disk }): Promise<Uint8Array> {
  const { directory, name, file, disk } = options;
  const path = join(directory, name);
  const bytes = file.stored === 'file' ? await wholeFile(path, disk) : await joinedChunks(directory, file, disk);
  const got = await fileDigest(bytes);
  if (bytes.length === file.bytes && got === file.digest) return bytes;
  const hint = 'the file was altered or damaged: use another checkpoint';
  const expected = `${file.bytes} bytes with ${file.digest}`;
  throw new CheckpointError('invalid', { source: path, expected, got: `${bytes.length} bytes with ${got}`, hint });
}

function wholeFile(path: string, disk: Disk): Promise<Buffer> {
  return disk.read(path).catch((cause: Error) => {
    const expected = 'a file that the manifest names';
    throw new CheckpointError('invalid', { source: path, expected, got: cause.message, hint: 'use another checkpoint', cause });
  });
}

async function joinedChunks(directory: string, file: ManifestFile, disk: Disk): Promise<Uint8Array> {
  const store = new ChunkStore(join(dirname(resolve(directory)), CHUNKS), disk);
  const chunks: Buffer[] = [];
  for (const digest of file.chunks) chunks.push(await store.get(digest));
  return Buffer.concat(chunks);
}
