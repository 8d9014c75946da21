#!/usr/bin/env node
/**
 * Builds tfjs-node against a TensorFlow that is installed already, for hosts where the one that its own installer fetches (2.9.1) is
 * out of reach or too old for the graphics card:
 *
 *   node tools/build-tfjs-node.mjs --tensorflow DIR [--package @tensorflow/tfjs-node-gpu] [--out DIR]
 *
 * DIR is a TensorFlow of Python (`python3 -c 'import tensorflow as tf; print(tf.__path__[0])'`) or an unpacked libtensorflow: it holds
 * include/tensorflow/c/c_api.h and the libraries. The package is installed into the folder --out without running its scripts, its
 * deps/ is pointed at that TensorFlow, and node-gyp compiles the addon, which takes a C++ compiler, make, and Node's headers (of
 * --nodedir, or fetched by node-gyp). GEODESIC_TFJS_NODE, or GEODESIC_TFJS_NODE_GPU, then names the folder that is printed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const VERSION = '4.22.0';
const PACKAGES = { '@tensorflow/tfjs-node': 'GEODESIC_TFJS_NODE', '@tensorflow/tfjs-node-gpu': 'GEODESIC_TFJS_NODE_GPU' };
const USAGE =
  'usage: node tools/build-tfjs-node.mjs --tensorflow DIR [--package @tensorflow/tfjs-node|@tensorflow/tfjs-node-gpu] [--out DIR] [--nodedir DIR]';

/** What the user can mend; printed without a stack. */
class BuildError extends Error {}

try {
  const options = readOptions();
  const libraries = findTensorflow(options.tensorflow);
  const folder = installPackage(options);
  linkDependencies(folder, libraries);
  compile(folder, options.nodedir);
  checkAddon(folder);
  process.stdout.write(`${options.package} is built: set ${PACKAGES[options.package]}=${folder}\n`);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build-tfjs-node: ${error.message}\n`);
  process.exitCode = 1;
}

function readOptions() {
  const text = { type: 'string' };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        tensorflow: text,
        package: { ...text, default: '@tensorflow/tfjs-node' },
        out: { ...text, default: '.cache/tfjs-node' },
        nodedir: text,
      },
    }));
  } catch (error) {
    throw new BuildError(`${error.message}\n${USAGE}`);
  }
  if (values.tensorflow === undefined) throw new BuildError(`expected --tensorflow DIR, got none\n${USAGE}`);
  if (!(values.package in PACKAGES))
    throw new BuildError(`--package: expected ${Object.keys(PACKAGES).join(' or ')}, got ${String(values.package)}`);
  if (process.platform !== 'linux') throw new BuildError(`expected Linux, got ${process.platform} (install the package as published)`);
  return { ...values, out: resolve(values.out), tensorflow: resolve(values.tensorflow) };
}

/** Headers and the two libraries, by the names that the linker looks for. */
function findTensorflow(root) {
  const include = join(root, 'include');
  const header = join(include, 'tensorflow/c/eager/c_api.h');
  if (!existsSync(header)) throw new BuildError(`--tensorflow: expected TensorFlow's C headers, got no ${header}`);
  const folders = [root, join(root, 'lib')].filter((folder) => existsSync(folder));
  const find = (pattern) => {
    for (const folder of folders) {
      const file = readdirSync(folder)
        .toSorted()
        .find((name) => pattern.test(name));
      if (file !== undefined) return join(folder, file);
    }
    throw new BuildError(`--tensorflow: expected a library ${pattern.source} in ${folders.join(' or ')}, got none`);
  };
  return {
    include,
    'libtensorflow.so': find(/^libtensorflow(_cc)?\.so(\.\d+)*$/),
    'libtensorflow_framework.so': find(/^libtensorflow_framework\.so(\.\d+)*$/),
  };
}

/** @returns the package's folder */
function installPackage({ out, package: name }) {
  mkdirSync(out, { recursive: true });
  if (!existsSync(join(out, 'package.json'))) writeFileSync(join(out, 'package.json'), '{ "private": true }\n');
  const folder = join(out, 'node_modules', name);
  if (!existsSync(join(folder, 'binding.gyp')))
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${VERSION}`], out);
  if (!existsSync(join(folder, 'binding.gyp'))) throw new BuildError(`expected ${name} in ${folder}, got nothing from npm`);
  return folder;
}

/** Links with the names of the sources, too: the libraries are asked for by those at run time. */
function linkDependencies(folder, { include, ...libraries }) {
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  symlinkSync(include, join(deps, 'include'));
  for (const [name, file] of Object.entries(libraries))
    for (const link of new Set([name, file.slice(dirname(file).length + 1)])) symlinkSync(file, join(deps, 'lib', link));
}

function compile(folder, nodedir) {
  const npm = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' }).stdout.trim();
  const gyp = join(npm, 'npm/node_modules/node-gyp/bin/node-gyp.js');
  if (!existsSync(gyp)) throw new BuildError(`expected npm's own node-gyp at ${gyp}, got none (install npm with Node)`);
  const given = nodedir === undefined ? [] : [`--nodedir=${resolve(nodedir)}`];
  const defines = ['-Dmodule_name=tfjs_binding', '-Dmodule_path=./lib/napi-v8', '-Dnapi_build_version=8'];
  run(process.execPath, [gyp, 'rebuild', ...given, '--', ...defines], folder);
}

/** Loads the addon in a process of its own, where a crash is an answer. */
function checkAddon(folder) {
  const addon = join(folder, 'lib/napi-v8/tfjs_binding.node');
  if (!existsSync(addon)) throw new BuildError(`expected ${addon}, got none`);
  const script = `require(${JSON.stringify(addon)})`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const reason = stderr.split('\n').find((line) => line.startsWith('Error:')) ?? stderr.trim();
  if (status !== 0) throw new BuildError(`the addon is compiled, but does not load: ${reason}`);
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (error) throw new BuildError(`${command} does not start: ${error.message}`);
  if (status !== 0) throw new BuildError(`${command} ${args.join(' ')} ended with ${status}`);
}
