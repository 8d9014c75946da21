/**
 * A real nats-server for tests, on a free port of 127.0.0.1 with JetStream in a temporary folder: killed, started again on the same port
 * and folder, stopped. It ends with the process of the tests.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, natsServerReason } from './nats-binary.ts';

/** How to start a server. */
export interface NatsServerOptions {
  /** More text for the configuration file: users, `max_payload: 64KB`, `tls { ... }`. */
  readonly config?: string;
  /** Without streams; default with. */
  readonly jetstream?: boolean;
  /** Name of the server; needed in a cluster. */
  readonly name?: string;
  /** Port for clients; default one that is free. */
  readonly port?: number;
}

const READY_MS = 20_000;

/** A nats-server of the tests. Limitations: when the tests' own process is ended by SIGKILL the server stays. */
export class NatsServer {
  /** Holds the configuration and the streams. */
  readonly folder: string;
  #options: NatsServerOptions;
  readonly #onExit = (): void => void this.#child?.kill('SIGKILL');
  #child: ChildProcess | undefined;
  #log = '';
  #port = 0;
  #monitor = '';

  private constructor(options: NatsServerOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.folder = mkdtempSync(join(tmpdir(), 'geodesic-nats-'));
    process.on('exit', this.#onExit);
  }

  /** Starts a server and resolves when it takes connections. @throws {Error} when there is none on this host, or it ends; with its log */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options);
    try {
      await server.#launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** `nats://127.0.0.1:<port>`. */
  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  /** Where the server tells about itself over HTTP, such as `<monitor>/jsz`. */
  get monitor(): string {
    return this.#monitor;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the process is there; a suspended one is. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What the server wrote since the beginning, over all its starts. */
  log(): string {
    return this.#log;
  }

  /** Sends a signal that ends it; resolves when the process is gone. Does nothing when it does not run. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Stops it from running, without ending it. */
  suspend(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** Lets it run again. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Starts it again on the same port and folder, perhaps with other text for its configuration; ends it first where it runs. */
  async restart({ config }: { readonly config?: string } = {}): Promise<void> {
    if (config !== undefined) this.#options = { ...this.#options, config };
    await this.kill();
    await this.#launch();
  }

  /** Ends it and removes its folder. May be called more than once. */
  async stop(): Promise<void> {
    await this.kill();
    process.off('exit', this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #launch(): Promise<void> {
    const program = findNatsServer();
    if (program === undefined) throw new Error(natsServerReason());
    const config = join(this.folder, 'nats.conf');
    writeFileSync(config, this.#config());
    const child = spawn(program, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const said = await this.#ready(child);
    this.#port = Number(/Listening for client connections on \S+:(\d+)/.exec(said)?.[1]);
    this.#monitor = `http://127.0.0.1:${/Starting http monitor on \S+:(\d+)/.exec(said)?.[1]}`;
  }

  #config(): string {
    const { config = '', jetstream = true, name } = this.#options;
    return [
      `listen: "127.0.0.1:${this.#port === 0 ? -1 : this.#port}"`,
      'http: "127.0.0.1:-1"',
      ...(name === undefined ? [] : [`server_name: "${name}"`]),
      ...(jetstream ? [`jetstream { store_dir: "${join(this.folder, 'jetstream')}" }`] : []),
      config,
      '',
    ].join('\n');
  }

  /** What it said from its start until it was ready. */
  async #ready(child: ChildProcess): Promise<string> {
    const from = this.#log.length;
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`nats-server: expected it to be ready, got ${why}\n${this.#log.slice(from)}`));
      const timer = setTimeout(() => fail(`nothing in ${READY_MS} ms`), READY_MS);
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        if (!this.#log.includes('Server is ready', from)) return;
        clearTimeout(timer);
        resolve(this.#log.slice(from));
      });
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`its end (${signal ?? code})`);
      });
    });
  }
}
