/**
 * What `geo doctor` finds of linear algebra: what a coordinator on this host can invert matrices with (`linalg` of a run spec).
 */
import { createLinalg } from '@geodesic/linalg';
import { probeLapack } from '@geodesic/linalg/lapack';
import { span, type Line } from '../view/styled-text.ts';

/** One backend. */
export interface LinalgFact {
  readonly name: 'wasm' | 'plain' | 'lapack';
  readonly available: boolean;
  /** Library and version of what is not ours. */
  readonly version?: string;
  /** Why it is not available. */
  readonly reason?: string;
}

/** Tries all backends. */
export async function gatherLinalg(): Promise<readonly LinalgFact[]> {
  return [tryWasm(), { name: 'plain', available: true }, { name: 'lapack', ...(await probeLapack()) }];
}

/** One line a backend. */
export function linalgTable(facts: readonly LinalgFact[]): readonly Line[] {
  const width = Math.max(...facts.map(({ name }) => name.length), 'linalg'.length);
  return [
    [span(`  ${'linalg'.padEnd(width)}  auto takes wasm for large matrices and plain for small ones`, 'dim')],
    ...facts.map(({ name, available, version = 'present', reason = 'unknown reason' }): Line => {
      const found = available ? span(version) : span(`absent: ${reason}`, 'dim');
      return [span(`  ${name.padEnd(width)}`, 'strong'), span('  '), found];
    }),
  ];
}

function tryWasm(): LinalgFact {
  try {
    createLinalg({ backend: 'wasm' });
    return { name: 'wasm', available: true };
  } catch (error) {
    return { name: 'wasm', available: false, reason: (error instanceof Error ? error.message : String(error)).split('\n')[0] };
  }
}
