/**
 * From zod's issues to ours. The schema's messages already say what was expected (`fields.ts`); here the value that was found is
 * looked up and put into words, and mistyped keys and words get their nearest candidate.
 */
import type { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import type { SpecIssue } from './errors.ts';
import { wordsOf } from './fields.ts';

/** Translates what zod found wrong with a raw value; an unknown key becomes one issue of its own. */
export function toSpecIssues(issues: readonly z.core.$ZodIssue[], raw: unknown): SpecIssue[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const hint = didYouMean(key, wordsOf(issue.message));
        return { path: [...path, key].join('.'), expected: issue.message, got: `the unknown key ${JSON.stringify(key)}`, hint };
      });
    }
    const value = valueAt(raw, path);
    const isWord = issue.code === 'invalid_value' || issue.code === 'invalid_union';
    const hint = isWord && typeof value === 'string' ? didYouMean(value, wordsOf(issue.message)) : '';
    return [{ path: path.join('.'), expected: issue.message, got: describeValue(value), hint }];
  });
}

/** A value in a few words: scalars as JSON, lists and mappings by kind, an absent value as `nothing`. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const json = JSON.stringify(value) ?? typeof value;
  return json.length > 80 ? `${json.slice(0, 79)}…` : json;
}

/** The value at a path; where the path goes on below a scalar (a short form such as `learningRate: 0.1`), that scalar. */
export function valueAt(raw: unknown, path: readonly string[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return value;
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

/** The integer >= 1 at a dotted path, or undefined where there is none. */
export function positiveInteger(raw: unknown, path: string): number | undefined {
  const value = valueAt(raw, path.split('.'));
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}
