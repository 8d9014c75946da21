/**
 * What a child process writes on stderr: kept in memory until the run folder exists, in a file from then on. The last lines stay
 * in memory, since they explain a death.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

const TAIL_BYTES = 16_384;

/** The log of one process. */
export class LogFile {
  #waiting: Buffer[] = [];
  #tail = '';
  #file: WriteStream | undefined;

  /** Takes bytes from the process. */
  write(bytes: Buffer): void {
    this.#tail = (this.#tail + bytes.toString('utf8')).slice(-TAIL_BYTES);
    if (this.#file === undefined) this.#waiting.push(bytes);
    else this.#file.write(bytes);
  }

  /** Appends everything so far and from now on to a file. A log that cannot be written is given up, the run is worth more. */
  attach(path: string): void {
    if (this.#file !== undefined) return;
    const file = createWriteStream(path, { flags: 'a' });
    file.on('error', () => file.destroy());
    for (const bytes of this.#waiting) file.write(bytes);
    this.#waiting = [];
    this.#file = file;
  }

  /** Ends the file; resolves when it is written. */
  async close(): Promise<void> {
    if (this.#file === undefined || this.#file.destroyed) return;
    this.#file.end();
    await finished(this.#file).catch(() => undefined);
  }

  /** The newest line that says what went wrong: the message of a structured log line above the level info, or a line that is not structured; else ''. */
  get lastComplaint(): string {
    return (
      this.#tail
        .split('\n')
        .map(complaintOf)
        .filter((complaint) => complaint !== '')
        .at(-1) ?? ''
    );
  }
}

function complaintOf(line: string): string {
  const text = line.trim();
  if (!text.startsWith('{')) return text;
  try {
    const { level, message } = JSON.parse(text) as { level?: unknown; message?: unknown };
    return (level === 'warn' || level === 'error') && typeof message === 'string' ? message : '';
  } catch {
    return ''; // cut off by the end of the process, or by the bound on the tail
  }
}
