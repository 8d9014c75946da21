/** Reading a file of JSON lines piece by piece: memory for the longest line, however long the file is. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 10;

/** Takes a line, or ends the reading before it. @param offset where the line begins, bytes */
export type AcceptLine = (line: string, offset: number) => boolean;

/**
 * Hands over the whole lines of an open file, up to the first that is not accepted; a torn end is no line.
 * @returns the bytes of the accepted lines
 */
export async function scanHandle(handle: Pick<FileHandle, 'read'>, accept: AcceptLine): Promise<number> {
  let rest = Buffer.alloc(0);
  let offset = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const { bytesRead } = await handle.read(piece, 0, PIECE_BYTES, offset + rest.length);
    if (bytesRead === 0) return offset;
    const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      if (!accept(bytes.toString('utf8', from, end), offset + from)) return offset + from;
      from = end + 1;
    }
    offset += from;
    rest = bytes.subarray(from);
  }
}

/** Hands over the whole lines of a file, up to the first that is not accepted; none where there is no file. */
export async function scanLines(path: string, accept: AcceptLine): Promise<void> {
  const handle = await openExisting(path);
  if (!handle) return;
  try {
    await scanHandle(handle, accept);
  } finally {
    await handle.close();
  }
}

/** The whole lines of a file, one after the other; a torn end is no line, and where there is no file there are none. */
export async function* readLines(path: string): AsyncGenerator<string, void> {
  const handle = await openExisting(path);
  if (!handle) return;
  try {
    let rest = Buffer.alloc(0);
    for (let offset = 0; ;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        yield bytes.toString('utf8', from, end);
        from = end + 1;
      }
      rest = bytes.subarray(from);
    }
  } finally {
    await handle.close();
  }
}

/** A file for reading; undefined where there is none. */
export async function openExisting(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** A line as a JSON object; undefined when it is none. */
export function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
