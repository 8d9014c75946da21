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

  /** The newest line that says what went wrong: the message of a structured log line, else the line itself, else ''. */
  get lastMessage(): string {
    const last = this.#tail
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .at(-1);
    return last === undefined ? '' : messageOf(last);
  }
}

function messageOf(line: string): string {
  try {
    const { message, error } = JSON.parse(line) as { message?: unknown; error?: unknown };
    const texts = [message, typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error];
    return [...new Set(texts)].filter((text) => typeof text === 'string' && text !== '').join(': ') || line;
  } catch {
    return line;
  }
}
