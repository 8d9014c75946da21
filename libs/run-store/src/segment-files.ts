/**
 * The files of a commit log. Term 1 writes commit.log, a later term commit-<term>.log; after a failed write a term goes on in the
 * next part, commit-<term>-<part>.log. Segments are never deleted or truncated: terms have no gaps, and a reader decides what counts.
 */
import { join } from 'node:path';
import type { LogSegment } from '@geodesic/cluster';
import type { FileSystem } from './file-system.ts';

/** Which segment. */
export interface SegmentId {
  /** From 1. */
  readonly term: number;
  /** 0 for the first one of the term. */
  readonly part: number;
}

/** The file name of a segment. */
export function segmentName({ term, part }: SegmentId): string {
  if (term === 1 && part === 0) return 'commit.log';
  return `commit-${String(term).padStart(6, '0')}${part === 0 ? '' : `-${String(part).padStart(2, '0')}`}.log`;
}

/** Which segment a file is; undefined for a file that is none. */
export function parseSegmentName(name: string): SegmentId | undefined {
  const [, term = '1', part = '0'] = /^commit(?:-(\d{6,})(?:-(\d{2,}))?)?\.log$/.exec(name) ?? [];
  const id = { term: Number(term), part: Number(part) };
  return segmentName(id) === name ? id : undefined;
}

/** The segments in a run's folder, by term and then part. */
export async function listSegments(fileSystem: FileSystem, folder: string): Promise<SegmentId[]> {
  const ids = (await fileSystem.list(folder)).map(parseSegmentName).filter((id) => id !== undefined);
  return ids.sort((a, b) => a.term - b.term || a.part - b.part);
}

/** Reads a segment whole. */
export async function readSegment(fileSystem: FileSystem, folder: string, id: SegmentId): Promise<LogSegment> {
  const name = segmentName(id);
  return { name, bytes: await fileSystem.readFile(join(folder, name)) };
}
