/**
 * Runs the built `geo` as its users do, in a process of its own, and finds out what it leaves behind.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunEvent } from '@geodesic/wire';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const program = fileURLToPath(new URL('../bin/geo.mjs', import.meta.url));

/** How a `geo` ended. */
export interface GeoResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `geo`. */
export interface GeoProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<GeoResult>;
  /** With `--format jsonl`: resolves with the first event that passes. */
  event(passes: (event: RunEvent) => boolean): Promise<RunEvent>;
  /** Resolves with the first line on stdout that passes. */
  line(passes: (line: string) => boolean): Promise<string>;
}

/** Starts `geo` in the repository's root, without a terminal. */
export function startGeo(...args: readonly string[]): GeoProcess {
  return startGeoIn({}, ...args);
}

/** Starts `geo` with some variables of its environment set. */
export function startGeoIn(variables: Readonly<Record<string, string>>, ...args: readonly string[]): GeoProcess {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [program, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of watchers) look();
  });
  const ended = once(child, 'close').then(([exitCode]): GeoResult => ({ exitCode: exitCode as number | null, ...output }));
  const first = <T>(read: (line: string) => T | undefined): Promise<T> =>
    new Promise((found, failed) => {
      let next = 0;
      const look = (): void => {
        for (; next < lines.length; next++) {
          const value = read(lines[next]);
          if (value !== undefined) found(value);
        }
      };
      watchers.add(look);
      look();
      void ended.then(({ exitCode, stderr }) => failed(new Error(`geo ended with ${exitCode} before the line: ${stderr}`)));
    });
  return {
    child,
    ended,
    line: (passes) => first((line) => (passes(line) ? line : undefined)),
    event: (passes) =>
      first((line) => {
        const event = line.startsWith('{"sequence"') ? (JSON.parse(line) as RunEvent) : undefined;
        return event !== undefined && passes(event) ? event : undefined;
      }),
  };
}

/** Runs `geo` to its end. */
export function geo(...args: readonly string[]): Promise<GeoResult> {
  return startGeo(...args).ended;
}

/** The data of the envelope, which is the last line of stdout. */
export function dataOf({ stdout }: GeoResult): Readonly<Record<string, unknown>> {
  return (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { data: Record<string, unknown> }).data;
}

/** `PID COMMAND LINE` of the cluster's processes that name `text`, such as the folder of a test's runs. */
export function processesNaming(text: string): readonly string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' });
  const lines = stdout.split('\n').map((line) => line.trim());
  return lines.filter((line) => line.includes(text) && line.includes('main.js'));
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
