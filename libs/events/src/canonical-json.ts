/**
 * One text for equal JSON values: keys sorted by code unit, no white space. What JSON cannot hold is written as `JSON.stringify` writes it
 * (null for a number that is not finite), so a value in memory and the same value read from a file have one text.
 */

/** Writes a value canonically. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
  }
  return value === undefined ? 'null' : JSON.stringify(value);
}
