/**
 * PyTorch as a peer: one long-lived Python process, asked by JSON lines and answering by JSON lines. It computes only between a
 * question and its answer, so that peer and ours take turns on one machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const trainingProgram = fileURLToPath(new URL('pytorch_peer.py', import.meta.url));
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

/** Starts a peer process on `threads` threads: the Python program at a path, by default that of training steps. */
export function startPyTorch({ python, threads, program = trainingProgram }) {
  const limits = ['OMP', 'MKL', 'OPENBLAS'].map((library) => [`${library}_NUM_THREADS`, String(threads)]);
  const env = { ...process.env, ...Object.fromEntries(limits) };
  const child = spawn(python, ['-u', program, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const closed = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Sends one request and waits for its answer. */
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`PyTorch peer: expected an answer to ${request.command}, got the end of its output (its error is above)`);
      return JSON.parse(value);
    },
    /** Ends the process and waits for it. */
    async close() {
      child.stdin.end();
      await closed;
    },
  };
}
