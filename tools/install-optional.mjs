#!/usr/bin/env node
/**
 * Installs the parts that only some tests need, where this may be done: on Debian and its kin, as root. Prints what it did or why
 * it did not; what is absent is skipped by its tests, so that is no failure.
 *   chromium-common   SwiftShader, a Vulkan driver on the processor, for the WebGPU executor
 *   libopenblas0-pthread  LAPACK, for the linear algebra that may use it
 *   nats-server       for coordinators that share their state through NATS
 *   faketime          to move the clock of a running cluster
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PARTS = [
  { name: 'chromium-common', isHere: () => existsSync('/usr/lib/chromium/vk_swiftshader_icd.json') },
  { name: 'libopenblas0-pthread', isHere: () => libraryFolders().some((folder) => existsSync(`${folder}/libopenblas.so.0`)) },
  { name: 'faketime', isHere: () => libraryFolders().some((folder) => existsSync(`${folder}/faketime/libfaketime.so.1`)) },
  { name: 'nats-server', isHere: () => ['/usr/bin', '/usr/sbin', '/usr/local/bin'].some((folder) => existsSync(`${folder}/nats-server`)) },
];

/** Where Debian keeps shared libraries, alternatives included. */
function libraryFolders() {
  const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? '';
  return [`/usr/lib/${triplet}`, `/usr/lib/${triplet}/openblas-pthread`, '/usr/lib'];
}

const say = (text) => process.stdout.write(`optional parts: ${text}\n`);

/** Whether packages can be installed here; a reason where not. */
function obstacle() {
  if (process.platform !== 'linux') return `not installed on ${process.platform}`;
  if (process.getuid?.() !== 0) return 'not installed: only root may';
  return spawnSync('apt-get', ['--version']).error ? 'not installed: there is no apt-get' : undefined;
}

function install(names) {
  const options = { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  try {
    execFileSync('apt-get', ['update', '-q'], options);
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], options);
    return undefined;
  } catch (error) {
    return String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1);
  }
}

const missing = PARTS.filter(({ isHere }) => !isHere()).map(({ name }) => name);
if (missing.length === 0) say(`${PARTS.map(({ name }) => name).join(', ')} are here`);
else {
  const reason = obstacle() ?? install(missing);
  say(reason === undefined ? `installed ${missing.join(', ')}` : `${missing.join(', ')}: ${reason}`);
}
