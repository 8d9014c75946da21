/**
 * Backends of TensorFlow.js, each in an optional package that is imported only when it is asked for. tfjs keeps its backends in
 * state of the whole process, which is left as it was found: importing, opening and running all put the current backend back.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import * as util from 'node:util';
import { env, findBackend, version_core, type KernelBackend } from '@tensorflow/tfjs-core';
import { ExecutorError } from '../errors.ts';
import type { Fingerprint } from '../executor.ts';
import { tfjsEngine } from '../trace/tfjs-engine.ts';
import type { TfjsBackendName } from './capabilities.ts';

/** A backend that is ready. */
export interface OpenBackend {
  /** Its name in tfjs. */
  readonly name: string;
  readonly instance: KernelBackend;
  readonly fingerprint: Fingerprint;
}

interface Package {
  readonly name: string;
  /** What it registers itself as in tfjs. */
  readonly registers: string;
  /** What to do when it is missing. */
  readonly remedy: string;
  /** Environment variable that may name its folder. */
  readonly variable?: string;
}

const addon = (name: string, variable: string): Package => ({
  name,
  registers: 'tensorflow',
  remedy: `npm install ${name}, or tools/build-tfjs-node.mjs and ${variable}`,
  variable,
});

const PACKAGES: Readonly<Record<TfjsBackendName, Package>> = {
  'tfjs-node': addon('@tensorflow/tfjs-node', 'GEODESIC_TFJS_NODE'),
  'tfjs-node-gpu': addon('@tensorflow/tfjs-node-gpu', 'GEODESIC_TFJS_NODE_GPU'),
  'tfjs-wasm': {
    name: '@tensorflow/tfjs-backend-wasm',
    registers: 'wasm',
    remedy: 'npm install @tensorflow/tfjs-backend-wasm',
  },
  'tfjs-cpu': { name: '@tensorflow/tfjs-backend-cpu', registers: 'cpu', remedy: 'npm install @tensorflow/tfjs-backend-cpu' },
};

/** Who registered each name in tfjs: tfjs-node and tfjs-node-gpu take the same. */
const owners = new Map<string, TfjsBackendName>();

const opened = new Map<TfjsBackendName, Promise<OpenBackend>>();

/** Imports and starts a backend, once in a process. @throws {ExecutorError} `unavailable` with the reason */
export function openBackend(executor: TfjsBackendName): Promise<OpenBackend> {
  const known = opened.get(executor);
  if (known) return known;
  const opening = start(executor);
  opened.set(executor, opening);
  opening.catch(() => opened.delete(executor));
  return opening;
}

/** Runs `body` with a backend as tfjs' current one; must be synchronous, for the state is the whole process's. */
export function withBackend<T>({ name, instance }: Pick<OpenBackend, 'name' | 'instance'>, body: () => T): T {
  return keepingCurrent(() => {
    Object.assign(tfjsEngine(), { backendName: name, backendInstance: instance });
    return body();
  });
}

function keepingCurrent<T>(body: () => T): T {
  const engine = tfjsEngine();
  const { backendName, backendInstance } = engine;
  try {
    return body();
  } finally {
    Object.assign(engine, { backendName, backendInstance });
  }
}

async function start(executor: TfjsBackendName): Promise<OpenBackend> {
  const { name, registers } = PACKAGES[executor];
  const folder = locate(executor);
  const owner = owners.get(registers) ?? executor;
  if (owner !== executor) throw unavailable(executor, `${owner} is open, and a process holds one TensorFlow`);
  const require = createRequire(join(folder, 'package.json'));
  restoreNullCheck();
  try {
    keepingCurrent(() => require(folder));
    if (executor !== 'tfjs-cpu') neverDefault(registers);
    owners.set(registers, executor);
    const instance = await ready(registers);
    const { version } = require(join(folder, 'package.json')) as { readonly version: string };
    const fingerprint = { executor, package: name, version, core: version_core, arch: process.arch, ...facts(executor, instance) };
    return { name: registers, instance, fingerprint };
  } catch (error) {
    throw unavailable(
      executor,
      `${name} does not start: ${(error instanceof Error ? error.message : String(error)).trim().split('\n')[0]}`,
    );
  }
}

/** The folder of the package: the one that the environment names, or the installed one. */
function locate(executor: TfjsBackendName): string {
  const { name, variable, remedy } = PACKAGES[executor];
  const named = variable && process.env[variable];
  if (named) {
    const folder = resolve(named);
    if (existsSync(join(folder, 'package.json'))) return folder;
    throw unavailable(executor, `${variable} names ${folder}, which holds no package (tools/build-tfjs-node.mjs makes one)`);
  }
  const require = createRequire(import.meta.url);
  const found = (require.resolve.paths(name) ?? []).map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')));
  if (found) return found;
  throw unavailable(executor, `${name} is not installed (${remedy})`);
}

/** An executor's backend must not become what tfjs takes by itself where nobody has chosen: code that traces counts on the plain one. */
function neverDefault(name: string): void {
  const factory = tfjsEngine().registryFactory[name];
  if (factory) factory.priority = 0;
}

/** Waits until a registered backend has started, and readies its kernels. */
async function ready(name: string): Promise<KernelBackend> {
  const engine = tfjsEngine();
  if (keepingCurrent(() => findBackend(name)) === null) await engine.pendingBackendInit;
  const instance = findBackend(name);
  if (!instance) throw new Error(`tfjs could not start its backend ${name}`);
  // What is started becomes current at once; only then do its kernels set themselves up.
  keepingCurrent(() => void engine.setBackend(name));
  return instance;
}

/** What else decides bits. */
function facts(executor: TfjsBackendName, instance: KernelBackend): Fingerprint {
  if (executor === 'tfjs-cpu') return { threads: 1, v8: process.versions.v8 };
  if (executor === 'tfjs-wasm') return { threads: 1, simd: env().get('WASM_HAS_SIMD_SUPPORT') ? 1 : 0 };
  const threads = Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
  const { binding } = instance as { readonly binding?: { readonly TF_Version?: string } };
  return { threads, tensorflow: binding?.TF_Version ?? 'unknown' };
}

/** tfjs-node 4.22.0 calls util.isNullOrUndefined, which Node 23 took away. */
function restoreNullCheck(): void {
  const { default: legacy } = util as unknown as { readonly default: { isNullOrUndefined?: (value: unknown) => boolean } };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

function unavailable(executor: TfjsBackendName, reason: string): ExecutorError {
  return new ExecutorError(executor, { failure: 'unavailable', reason });
}
