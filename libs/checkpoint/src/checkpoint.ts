/**
 * Checkpoints on disk: a folder of safetensors files and a manifest.json that names each with its length and sha256.
 * A checkpoint is built in a sibling folder, every file fsynced, the manifest last, and appears under its name by one rename:
 * whatever is interrupted, a folder of that name is whole or absent.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { syncFolder, writeSynced } from './durable-file.ts';
import { CheckpointError } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { decodeSafetensors, type SafetensorsFile } from './read-safetensors.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { encodeSafetensors, type Metadata } from './write-safetensors.ts';

/** One file to write, `parameters.safetensors` for example. */
export interface CheckpointFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata?: Metadata;
}

/** What manifest.json says. */
export interface CheckpointManifest {
  readonly schemaVersion: 1;
  /** Length in bytes and `sha256:` digest of every file. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly digest: string }>>;
  /** The writer's own facts: step, digests, data cursor. Plain JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A checkpoint read back and verified. */
export interface Checkpoint {
  readonly manifest: CheckpointManifest;
  readonly files: ReadonlyMap<string, SafetensorsFile>;
}

const MANIFEST = 'manifest.json';

/**
 * Writes a checkpoint durably; one that is already there is replaced. When the promise resolves it survives a power cut.
 * @throws {CheckpointError} `unwritable` with the system's reason, or `invalid` when a file name is not a plain name
 */
export async function writeCheckpoint(
  directory: string,
  { files, facts }: { readonly files: Readonly<Record<string, CheckpointFile>>; readonly facts: Readonly<Record<string, unknown>> },
): Promise<CheckpointManifest> {
  const target = resolve(directory);
  for (const name of Object.keys(files)) requirePlainName(name, target);
  try {
    return await stageAndRename(target, files, facts);
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const hint = 'check the free space and the permissions of the folder';
    throw new CheckpointError('unwritable', {
      source: target,
      expected: 'a folder that can be written',
      got: (cause as Error).message,
      hint,
      cause,
    });
  }
}

/**
 * Reads a checkpoint and verifies every file against the manifest before it is decoded.
 * @throws {CheckpointError} `missing` when there is no manifest, `invalid` when a file is absent, altered or malformed
 */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  const manifest = await readManifest(directory);
  const files = new Map<string, SafetensorsFile>();
  for (const [name, { bytes: length, digest }] of Object.entries(manifest.files)) {
    const path = join(directory, name);
    const bytes = await readOr(path, 'invalid', 'a file that the manifest names');
    const got = sha256(bytes);
    if (bytes.length !== length || got !== digest) {
      const hint = 'the file was altered or damaged: use another checkpoint';
      throw new CheckpointError('invalid', {
        source: path,
        expected: `${length} bytes with ${digest}`,
        got: `${bytes.length} bytes with ${got}`,
        hint,
      });
    }
    files.set(name, decodeSafetensors(bytes, path));
  }
  return { manifest, files };
}

async function stageAndRename(
  target: string,
  files: Readonly<Record<string, CheckpointFile>>,
  facts: Readonly<Record<string, unknown>>,
): Promise<CheckpointManifest> {
  const staging = `${target}.tmp`;
  const replaced = `${target}.old`;
  for (const leftover of [staging, replaced]) await rm(leftover, { recursive: true, force: true });
  await makeFolder(staging);

  const entries: [string, { bytes: number; digest: string }][] = [];
  for (const [name, { tensors, metadata }] of Object.entries(files)) {
    const bytes = encodeSafetensors(tensors, metadata);
    await writeSynced(join(staging, name), bytes, 'wx');
    entries.push([name, { bytes: bytes.length, digest: sha256(bytes) }]);
  }
  const manifest: CheckpointManifest = { schemaVersion: 1, files: Object.fromEntries(entries), facts };
  await writeSynced(join(staging, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, 'wx');
  await syncFolder(staging);

  // rename() cannot replace a folder that is not empty, so a predecessor steps aside first.
  await rename(target, replaced).catch(ignoreMissing);
  await rename(staging, target);
  await syncFolder(dirname(target));
  await rm(replaced, { recursive: true, force: true });
  return manifest;
}

async function readManifest(directory: string): Promise<CheckpointManifest> {
  const path = join(directory, MANIFEST);
  const text = (await readOr(path, 'missing', 'a checkpoint')).toString('utf8');
  let manifest: Partial<CheckpointManifest> | null;
  try {
    manifest = JSON.parse(text) as Partial<CheckpointManifest> | null;
  } catch (cause) {
    throw new CheckpointError('invalid', {
      source: path,
      expected: 'JSON',
      got: (cause as Error).message,
      hint: 'use another checkpoint',
      cause,
    });
  }
  if (manifest?.schemaVersion !== 1 || typeof manifest.files !== 'object' || typeof manifest.facts !== 'object') {
    const got = `schemaVersion ${JSON.stringify(manifest?.schemaVersion)}`;
    throw new CheckpointError('invalid', {
      source: path,
      expected: 'a manifest of schemaVersion 1',
      got,
      hint: 'it was written by another version',
    });
  }
  for (const name of Object.keys(manifest.files)) requirePlainName(name, path);
  return manifest as CheckpointManifest;
}

async function readOr(path: string, fault: 'missing' | 'invalid', expected: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const hint = fault === 'missing' ? 'name the folder of a checkpoint' : 'use another checkpoint';
    throw new CheckpointError(fault, { source: path, expected, got: (cause as Error).message, hint, cause });
  }
}

function requirePlainName(name: string, source: string): void {
  if (name === basename(name) && /^[\w-][\w.-]*$/.test(name) && name !== MANIFEST) return;
  const hint = 'use a name such as parameters.safetensors';
  throw new CheckpointError('invalid', { source, expected: 'a plain file name', got: JSON.stringify(name), hint });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
