/**
 * Where the compiled programs of the cluster's processes lie: `main.js` beside the entry point of their package.
 */
import { fileURLToPath } from 'node:url';

/** Paths of the two programs. */
export interface ClusterPrograms {
  readonly coordinator: string;
  readonly worker: string;
}

/** The programs of this checkout. */
export function clusterPrograms(): ClusterPrograms {
  const mainOf = (entry: string): string => fileURLToPath(new URL('main.js', entry));
  return { coordinator: mainOf(import.meta.resolve('@geodesic/coordinator')), worker: mainOf(import.meta.resolve('@geodesic/worker')) };
}
