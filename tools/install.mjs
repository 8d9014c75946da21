// Prepares a checkout: installs what package-lock.json asks for when node_modules lacks any of it, then builds, both under one lock.
// Uses only Node's own modules, so that it runs before anything is installed. Run alone it only installs (`--fresh` installs anew).
//
// npm writes node_modules/.package-lock.json as the last act of an install, so that file tells a finished install from an interrupted one.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './install-lock.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const MINIMUM_NODE = [20, 19];

/** A step of the preparation that failed; `main` prints its message and exits with `exitCode`. */
export class PrepareError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'PrepareError';
    this.exitCode = exitCode;
  }
}

/** Installs if needed and then runs `build` (a function), while no other process prepares the same checkout. */
export async function prepare({ fresh = false, build = async () => {} } = {}) {
  checkNode();
  const onWait = (pid) => console.error(`Waiting for the preparation that already runs here (process ${pid}) ...`);
  await withLock(
    join(root, '.cache'),
    async (adopt) => {
      const reason = fresh ? 'a fresh install was asked for' : whyInstall();
      if (reason !== undefined) await install(reason, adopt);
      await build(adopt);
    },
    { onWait },
  );
}

/** Runs a program to its end, passing signals on. @returns its exit code (128 + n after signal n is reported as 1) and its output when `quiet` */
export function runProgram(command, args, { quiet = false, adopt, env = {}, shell = false } = {}) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      shell,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    if (child.pid !== undefined) adopt?.(child.pid);
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => output.push(bytes));
    const forwards = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => [signal, () => child.kill(signal)]);
    for (const [signal, forward] of forwards) process.on(signal, forward);
    child.once('error', (error) => failed(new PrepareError(`${command}: ${error.message}`)));
    child.once('close', (code) => {
      for (const [signal, forward] of forwards) process.off(signal, forward);
      done({ code: code ?? 1, output: Buffer.concat(output).toString('utf8') });
    });
  });
}

/** Runs `main`, turns its result into the exit code and a PrepareError into one line. */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  throw new PrepareError(
    `node: expected version ${MINIMUM_NODE.join('.')} or newer, got ${process.versions.node} (install a current Node, see https://nodejs.org)`,
  );
}

/** Why an install is needed, or undefined when node_modules is exactly what package-lock.json asks for. */
function whyInstall() {
  const wanted = readJson('package-lock.json')?.packages;
  if (wanted === undefined) throw new PrepareError('package-lock.json: expected a lock file, got none (is this a whole checkout?)');
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return 'nothing is installed, or an install was interrupted';
  for (const [path, entry] of Object.entries(installed)) {
    if (wanted[path] === undefined) return `${path} is left over from another version`;
    if (!fitsThisMachine(entry)) return `${path} is for another machine`;
  }
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || isWorkspace(path) || (installed[path] === undefined && (entry.optional || entry.devOptional))) continue;
    if (entry.link !== true && installed[path]?.integrity !== entry.integrity) return `${path} is not the one that package-lock.json names`;
    const onDisk = readJson(join(path, 'package.json'));
    if (onDisk === undefined) return `${path} is missing`;
    if (entry.version !== undefined && onDisk.version !== entry.version) return `${path} is ${onDisk.version}, not ${entry.version}`;
  }
  return undefined;
}

const isWorkspace = (path) => !path.includes('node_modules');

function fitsThisMachine({ os, cpu }) {
  return (os === undefined || os.includes(process.platform)) && (cpu === undefined || cpu.includes(process.arch));
}

async function install(reason, adopt) {
  console.error(`Installing dependencies with npm ci (${reason}) ...`);
  rmSync(join(root, 'node_modules', '.package-lock.json'), { force: true });
  const npm = process.env.npm_execpath; // the npm that runs this script, where there is one
  const onWindows = process.platform === 'win32';
  const [command, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { code } = await runProgram(command, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    adopt,
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip' }, // its install script fetches GPU libraries that the CPU executor does not need
    shell: command === 'npm' && onWindows,
  });
  if (code !== 0)
    throw new PrepareError(`npm ci failed with code ${code} (its message stands above; run the same command again to resume)`, code);
  const still = whyInstall();
  if (still !== undefined) throw new PrepareError(`npm ci finished, but ${still} (delete node_modules and run the same command again)`);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(() => prepare({ fresh: process.argv.includes('--fresh') }));
