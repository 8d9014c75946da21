/**
 * Canonical JSON: one text for equal values. Object keys are sorted by code unit, there is no white space, numbers are
 * written in the shortest form that reads back to the same double (ECMAScript's own rule, as in RFC 8785).
 */

/**
 * Writes a JSON value canonically; keys whose value is undefined are left out.
 * @throws {TypeError} for a number that JSON cannot hold, or a value that is not JSON
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`canonicalJson: expected a finite number, got ${value}`);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  throw new TypeError(`canonicalJson: expected a JSON value, got ${typeof value}`);
}
