/**
 * One child process of the local cluster, a compiled Node program. It stands in a process group of its own, so that Ctrl-C reaches only
 * `geo`, which then stops things in order; should `geo` itself be killed, the child sees its stdin end and leaves (`--exit-with-parent`).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { LogFile } from './log-file.ts';

/** How a process ended: an exit code, or the signal that killed it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Options of {@link ManagedProcess}. */
export interface ManagedProcessOptions {
  /** For people, and the name of the log file. */
  readonly name: string;
  /** Path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  /** Where stderr goes; a process that replaces another one continues its log. */
  readonly log?: LogFile;
}

/** A running child process. */
export class ManagedProcess {
  readonly name: string;
  readonly log: LogFile;
  /** Settles once, when the process is gone and its output is read to the end. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  #isRunning = true;

  constructor({ name, program, args, log = new LogFile() }: ManagedProcessOptions) {
    this.name = name;
    this.log = log;
    this.#child = spawn(process.execPath, ['--enable-source-maps', program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    this.#child.stdin?.on('error', () => undefined); // the process left before it was told anything
    this.#child.stderr?.on('data', (bytes: Buffer) => this.log.write(bytes));
    this.exited = new Promise((settle) => {
      this.#child.once('error', (error) => {
        this.log.write(Buffer.from(`${error.message}\n`));
        settle({ code: 1, signal: null });
      });
      this.#child.once('close', (code, signal) => settle({ code, signal }));
    });
    void this.exited.then(() => (this.#isRunning = false));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Resolves with the first line on stdout, or undefined when there is none before the process ends. Later output is discarded. */
  firstLine(): Promise<string | undefined> {
    return new Promise((settle) => {
      let text = '';
      this.#child.stdout?.on('data', (bytes: Buffer) => {
        text += bytes.toString('utf8');
        const end = text.indexOf('\n');
        if (end < 0) return;
        settle(text.slice(0, end));
        text = '';
        this.#child.stdout?.removeAllListeners('data').resume();
      });
      void this.exited.then(() => settle(undefined));
    });
  }

  /** Reads and discards stdout, so that the process never waits for a reader. */
  discardOutput(): void {
    this.#child.stdout?.resume();
  }

  /** Sends a signal; harmless when the process is gone. */
  kill(signal: NodeJS.Signals): void {
    if (this.#isRunning) this.#child.kill(signal);
  }
}

/** `exit code 1`, `killed by SIGKILL`. */
export function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `exit code ${code}` : `killed by ${signal}`;
}
