/**
 * manifest.json of a checkpoint: what each file is, by digests, and the writer's facts. Written last, so a checkpoint without one is none.
 *   schemaVersion 1   every file lies in the folder; a digest of the whole
 *   schemaVersion 2   also the digest of every chunk; a file lies in the folder, or its chunks in the store that the checkpoints of a run share
 */
import { basename, join } from 'node:path';
import { contentDigest } from './content-digest.ts';
import type { Disk } from './disk.ts';
import { CheckpointError } from './errors.ts';

/** The newest version, which is the one that is written. */
export const MANIFEST_VERSION = 2;

/** The file that makes a folder a checkpoint. */
export const MANIFEST = 'manifest.json';

/** What the manifest says of one file. */
export interface ManifestFile {
  readonly bytes: number;
  /** `sha256:<hex>` of the whole file. */
  readonly digest: string;
  /** In the folder as it is, or in the store as chunks. */
  readonly stored: 'file' | 'chunks';
  /** Length of every chunk but the last. */
  readonly chunkBytes: number;
  /** sha256 of each chunk in order, 64 hexadecimal digits; none in a manifest of schemaVersion 1. */
  readonly chunks: readonly string[];
}

/** What manifest.json says; a manifest of schemaVersion 1 in the words of 2. */
export interface CheckpointManifest {
  readonly schemaVersion: 1 | 2;
  readonly files: Readonly<Record<string, ManifestFile>>;
  /** The writer's own facts: step, digests, data cursor. Plain JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The text of a manifest. */
export function manifestText(manifest: CheckpointManifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/**
 * Reads a checkpoint's manifest.
 * @throws {CheckpointError} `missing` where there is none, `invalid` where it is damaged or of another version
 */
export async function readManifest(directory: string, disk: Disk): Promise<CheckpointManifest> {
  const path = join(directory, MANIFEST);
  const text = await disk.read(path).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    const hint = isMissing ? 'name the folder of a checkpoint' : 'use another checkpoint';
    throw new CheckpointError(isMissing ? 'missing' : 'invalid', {
      source: path,
      expected: 'a checkpoint',
      got: cause.message,
      hint,
      cause,
    });
  });
  return decodeManifest(text, path);
}

/** Reads the bytes of a manifest. @param source names them in errors @throws {CheckpointError} `invalid` where they are none of a version that is known */
export function decodeManifest(bytes: Uint8Array, source: string): CheckpointManifest {
  const manifest = parseManifest(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), source);
  for (const name of Object.keys(manifest.files)) requirePlainName(name, source);
  return manifest;
}

/** `sha256:` of the bytes of manifest.json, given these or what a store has just written. */
export function manifestDigest(manifest: CheckpointManifest | Uint8Array): string {
  return contentDigest(manifest instanceof Uint8Array ? manifest : Buffer.from(manifestText(manifest)));
}

/** sha256 of each chunk of a file, 64 hexadecimal digits; a file of schemaVersion 1 is one chunk. */
export function chunkDigests({ bytes, chunks, digest }: ManifestFile): readonly string[] {
  return chunks.length > 0 || bytes === 0 ? chunks : [digest.slice('sha256:'.length)];
}

/** @throws {CheckpointError} `invalid` where a file's name is not a plain one, and could lead out of the folder */
export function requirePlainName(name: string, source: string): void {
  if (name === basename(name) && /^[\w-][\w.-]*$/.test(name) && name !== MANIFEST) return;
  const hint = 'use a name such as parameters.safetensors';
  throw new CheckpointError('invalid', { source, expected: 'a plain file name', got: JSON.stringify(name), hint });
}

function parseManifest(text: string, source: string): CheckpointManifest {
  const refuse = (expected: string, got: string, hint = 'use another checkpoint'): never => {
    throw new CheckpointError('invalid', { source, expected, got, hint });
  };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return refuse('JSON', (error as Error).message);
  }
  if (!isRecord(raw)) return refuse('a manifest', shortly(raw));
  const { schemaVersion, files, facts } = raw;
  if (schemaVersion !== 1 && schemaVersion !== 2) {
    const hint = 'it was written by another version of Geodesic: use that one';
    return refuse(`a manifest of schemaVersion 1 or ${MANIFEST_VERSION}`, `schemaVersion ${shortly(schemaVersion)}`, hint);
  }
  if (!isRecord(files) || !isRecord(facts)) return refuse('a manifest with files and facts', shortly(raw));
  const entries = Object.entries(files).map(([name, value]): [string, ManifestFile] => {
    const file = schemaVersion === 1 && isRecord(value) ? { stored: 'file', chunkBytes: value['bytes'], chunks: [], ...value } : value;
    return [
      name,
      isManifestFile(file, schemaVersion) ? file : refuse(`an entry of schemaVersion ${schemaVersion} for ${name}`, shortly(value)),
    ];
  });
  return { schemaVersion, files: Object.fromEntries(entries), facts };
}

function isManifestFile(value: unknown, schemaVersion: 1 | 2): value is ManifestFile {
  if (!isRecord(value)) return false;
  const { bytes, digest, stored, chunkBytes, chunks } = value;
  if (!isCount(bytes) || !isCount(chunkBytes) || typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return false;
  if ((stored !== 'file' && stored !== 'chunks') || !Array.isArray(chunks)) return false;
  const isDigest = (chunk: unknown): boolean => typeof chunk === 'string' && /^[0-9a-f]{64}$/.test(chunk);
  return schemaVersion === 1 || (chunks.length === Math.ceil(bytes / Math.max(1, chunkBytes)) && chunks.every(isDigest));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
