/**
 * The feature level of the processor, by which matrix kernels choose their instructions and so their rounding.
 */
import { readFileSync } from 'node:fs';

/** Widest level first; a level holds if all its flags are there. */
const LEVELS: readonly (readonly [level: string, flags: readonly string[]])[] = [
  ['amx', ['amx_tile', 'avx512f']],
  ['avx512', ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl']],
  ['avx2', ['avx2', 'fma']],
  ['avx', ['avx']],
  ['sve', ['sve']],
  ['neon', ['asimd']],
];

/** Names the level, e.g. `avx512`; `unknown` where the system does not tell. */
export function cpuFeatureLevel(): string {
  let text: string;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return process.arch === 'arm64' ? 'neon' : 'unknown';
  }
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1].trim().split(/\s+/));
  return LEVELS.find(([, needed]) => needed.every((flag) => flags.has(flag)))?.[0] ?? 'unknown';
}
