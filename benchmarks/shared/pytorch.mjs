/**
 * PyTorch as a peer, in a Python process of its own.
 */
import { spawnSync } from 'node:child_process';
import { startPeer } from './peer-process.mjs';

const probe = 'import torch; print(torch.__version__)';

/**
 * Looks for a Python that has PyTorch: the one asked for, or else $PYTHON, or else python3.
 * @returns {{python: string, version: string} | {reason: string}}
 */
export function findPyTorch({ python } = {}) {
  const candidate = python ?? process.env.PYTHON ?? 'python3';
  const { status, stdout, stderr, error } = spawnSync(candidate, ['-c', probe], { encoding: 'utf8' });
  if (status === 0) return { python: candidate, version: stdout.trim() };
  const why = error?.code === 'ENOENT' ? 'not found' : (error?.message ?? stderr.trim().split('\n').at(-1));
  const name = python === undefined && process.env.PYTHON === undefined ? 'python3' : 'the given Python';
  return { reason: `PyTorch: ${name}: ${why} (name a Python that has it by --python or $PYTHON)` };
}

/** Starts the Python program at a path as a peer on `threads` threads, which it is told as its argument. */
export function startPyTorch({ python, threads, program }) {
  const limits = ['OMP', 'MKL', 'OPENBLAS'].map((library) => [`${library}_NUM_THREADS`, String(threads)]);
  return startPeer({ name: 'PyTorch', command: python, args: ['-u', program, String(threads)], env: Object.fromEntries(limits) });
}
