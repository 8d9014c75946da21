/** A process that a test has started, and may break. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a process ended, and what it wrote to stderr. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A variable that is undefined is not set for the process, whatever the tests' own process has. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One child process, a compiled Node program; its stdin stays open as long as the test's process lives. */
export class Child {
  readonly name: string;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #firstLine: Promise<string | undefined>;
  #isRunning = true;
  #stderr = '';

  constructor({ name, program, args, env = {} }: { name: string; program: string; args: readonly string[]; env?: Environment }) {
    this.name = name;
    this.#child = spawn(process.execPath, ['--enable-source-maps', program, ...args], { env: { ...process.env, ...env } });
    this.#child.stdin?.on('error', () => undefined); // it left before it was told anything
    this.#child.stderr?.on('data', (bytes: Buffer) => (this.#stderr += bytes.toString()));
    const lines = createInterface({ input: this.#child.stdout! });
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#isRunning = false;
      return { code, signal, stderr: this.#stderr };
    });
    const line = once(lines, 'line').then(([text]) => text as string);
    this.#firstLine = Promise.race([line, this.ended.then(() => undefined)]);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** What it has written so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Sends a signal; harmless when the process is gone. */
  kill(signal: NodeJS.Signals): void {
    if (this.#isRunning) this.#child.kill(signal);
  }

  /** The address in the line that a coordinator prints when it listens. @throws {Error} its stderr, when it ends before that */
  async listening(): Promise<string> {
    const line = await this.#firstLine;
    if (line !== undefined) return (JSON.parse(line) as { address: string }).address;
    const { code, signal, stderr } = await this.ended;
    throw new Error(`${this.name}: expected it to listen, got its end with ${code ?? signal}: ${stderr}`);
  }
}
