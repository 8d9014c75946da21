/**
 * One JSON line for one case of a benchmark, with all that a reader needs to place it: what ran, against what, where and on which commit.
 */
import { execFileSync } from 'node:child_process';
import { arch, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Processor, its cores and the Node version, in words. */
export function machine() {
  const processors = cpus();
  const model = processors[0]?.model.trim().replaceAll(/\s+/g, ' ') ?? 'unknown processor';
  return `${model}, ${processors.length} cores, ${process.platform}-${arch()}, Node ${process.versions.node}`;
}

/** The commit that the working tree stands on, `+` appended when it was edited since; `unknown` outside a checkout. */
export function commit() {
  const git = (...args) =>
    execFileSync('git', ['--no-optional-locks', ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

/**
 * Prints one line. `ours`, `peer` and `ratio` may be null where they do not exist; a null peer carries a `reason`.
 * `met` compares the ratio with the goal, unless the benchmark decides it itself; it is null where there is nothing to compare.
 */
export function printResult({ benchmark, case: name, unit, ours, peer = null, peerName = null, ratio = null, goal = null, seed, ...rest }) {
  const met = rest.met ?? (ratio === null || goal === null ? null : ratio >= goal);
  const line = { benchmark, case: name, unit, ours, peer, peerName, ratio, goal, met, machine: machine(), commit: commit(), seed };
  console.log(JSON.stringify({ ...line, ...rest, met }));
}
