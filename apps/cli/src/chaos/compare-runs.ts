/**
 * Whether two runs of one spec are the same bits: every commit of their logs, not only the end.
 */
import type { LogView } from '@geodesic/cluster';

/** The first difference between two logs, in words; undefined when every commit is the same. */
export function firstDifference(undisturbed: LogView, disturbed: LogView): string | undefined {
  const [expected, got] = [undisturbed, disturbed].map(({ commits }) => commits.map(identityOf));
  const at = expected.findIndex((commit, i) => commit !== got[i]);
  if (at >= 0) return `commit ${at}: expected ${expected[at]}, got ${got[at] ?? 'none'}`;
  return got.length > expected.length ? `expected ${expected.length} commits, got ${got.length}` : undefined;
}

function identityOf(commit: LogView['commits'][number]): string {
  const { type, step, attempt } = commit;
  const position = type === 'step' ? commit : commit.position;
  const at = position === undefined ? 'no update' : `update ${position.version}, chain ${position.chain}, checksum ${position.checksum}`;
  return `${type} ${step}, attempt ${attempt}, ${at}`;
}
