/**
 * What a child process writes on stderr: kept in memory until the run folder exists, in a file from then on. The last lines stay
 * in memory, since they explain a death.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

const TAIL_BYTES = 16_384;

/** What a process says of its own end, in a structured line; fields that it leaves out are ''. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const NONE: Complaint = { code: '', message: '', hint: '' };

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

  /** The process that wrote is gone and another one writes from here on: what was said no longer explains anything. */
  forget(): void {
    this.#tail = '';
  }

  /** The newest line that says what went wrong: the message of a structured log line above the level info, or a line that is not structured; else ''. */
  get lastComplaint(): string {
    return this.complaint.message;
  }

  /** The same with its code and hint. */
  get complaint(): Complaint {
    return (
      this.#tail
        .split('\n')
        .map(complaintOf)
        .filter(({ message }) => message !== '')
        .at(-1) ?? NONE
    );
  }
}

function complaintOf(line: string): Complaint {
  const text = line.trim();
  if (!text.startsWith('{')) return { ...NONE, message: text };
  try {
    const { level, message, code, hint, error } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const isComplaint = (level === 'warn' || level === 'error') && typeof message === 'string';
    return isComplaint ? { code: textOr(code) || codeOf(error), message, hint: textOr(hint) } : NONE;
  } catch {
    return NONE; // cut off by the end of the process, or by the bound on the tail
  }
}

/** Of an error as a structured line has it. */
function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? textOr(error.code) : '';
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
