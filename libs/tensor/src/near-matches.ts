/**
 * Names that a mistyped name may have meant, for error messages: small edit distance (Levenshtein 1966), or the
 * same name under another prefix or suffix.
 */

const mostShown = 3;

/** Up to three of `names` that resemble `wanted`, nearest first; ties keep the given order. O(names x length^2). */
export function nearMatches(wanted: string, names: readonly string[]): string[] {
  const target = wanted.toLowerCase();
  return names
    .map((name) => ({ name, distance: distanceTo(target, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, target.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, mostShown)
    .map(({ name }) => name);
}

function distanceTo(target: string, name: string): number {
  const contained = target.length > 2 && name.length > 2 && (name.includes(target) || target.includes(name));
  return contained ? 1 : editDistance(target, name);
}

/** Insertions, deletions and replacements that turn a into b, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
