/** A process of its own that wants the lease and says what becomes of it: for stopping and killing it. Runs the compiled library. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const library = new URL('../dist/index.js', import.meta.url).href;
const SCRIPT = `
import { connectNats, NatsLease, readNatsOptions } from ${JSON.stringify(library)};
const [url, leader, leaseMs] = process.argv.slice(1);
const client = await connectNats(readNatsOptions({ url, env: {} }), { name: leader });
const lease = new NatsLease(client, { leader, address: leader + ':1', folder: leader, leaseMs: Number(leaseMs) });
setInterval(() => undefined, 1000);
await lease.acquire(new AbortController().signal);
console.log('won');
const holder = await lease.lost;
console.log('lost to ' + holder?.leader);
`;

/** The process. */
export class LeaseProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #heard: () => void = () => undefined;

  constructor(url: string, leader: string, leaseMs: number) {
    const args = ['--input-type=module', '-e', SCRIPT, '--', url, leader, `${leaseMs}`];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#lines.push(line);
      this.#heard();
    });
  }

  /** Resolves with the next line that it writes. */
  async says(): Promise<string> {
    while (this.#lines.length === 0) await new Promise<void>((resolve) => (this.#heard = resolve));
    return this.#lines.shift()!;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
