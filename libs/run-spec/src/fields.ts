/**
 * The building blocks of the schema. Each zod message here is a plain statement of what was expected ("an integer >= 1");
 * `issues.ts` joins it with what was found, so that every field states its rule once and every error reads the same.
 */
import { z } from 'zod';

/** Inclusive bounds of a number, or exclusive where the name says so. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/** An integer in a range. */
export function integer(range: Range): z.ZodNumber {
  const expected = `an integer${inWords(range)}`;
  return bounded(z.int({ error: expected }), range, expected);
}

/** A finite number in a range. */
export function number(range: Range): z.ZodNumber {
  const expected = `a number${inWords(range)}`;
  return bounded(z.number({ error: expected }), range, expected);
}

/** One of a few words; for those of `later` the error says that they are still to come. */
export function oneOf<const T extends string>(
  words: readonly T[],
  { later = [] }: { readonly later?: readonly string[] } = {},
): z.ZodEnum<{ [K in T]: K }> {
  const expected = oneOfInWords(words);
  return z.enum(words, {
    error: ({ input }) => (later.some((word) => word === input) ? `${expected}; ${String(input)} comes later` : expected),
  });
}

/** true or false. */
export function flag(): z.ZodBoolean {
  return z.boolean({ error: 'true or false' });
}

/** Text that matches a pattern; `expected` says the pattern in words. */
export function text(pattern: RegExp, expected: string): z.ZodString {
  return z.string({ error: expected }).regex(pattern, { error: expected });
}

/** A mapping with exactly these keys; any other key is an error that lists them. */
export function section<T extends z.core.$ZodLooseShape>(shape: T, expected = 'a mapping'): z.ZodObject<T, z.core.$strict> {
  const keys = Object.keys(shape);
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? keysInWords(keys) : expected) });
}

/** `one of a, b, c`, or the word itself when there is but one. */
export function oneOfInWords(words: readonly string[]): string {
  return words.length === 1 ? words[0] : `one of ${words.join(', ')}`;
}

/** The candidates named by an expectation that lists words or keys. */
export function wordsOf(expected: string): string[] {
  return expected.replace(/^(one of|only) /, '').split(', ');
}

function keysInWords(keys: readonly string[]): string {
  return keys.length === 1 ? `only ${keys[0]}` : oneOfInWords(keys);
}

function bounded(schema: z.ZodNumber, range: Range, error: string): z.ZodNumber {
  let result = schema;
  if (range.min !== undefined) result = result.min(range.min, { error });
  if (range.max !== undefined) result = result.max(range.max, { error });
  if (range.above !== undefined) result = result.gt(range.above, { error });
  if (range.below !== undefined) result = result.lt(range.below, { error });
  return result;
}

function inWords({ min, max, above, below }: Range): string {
  const parts: string[] = [];
  if (above !== undefined) parts.push(`> ${above}`);
  if (min !== undefined) parts.push(`>= ${min}`);
  if (below !== undefined) parts.push(`< ${below}`);
  if (max !== undefined) parts.push(`<= ${max}`);
  return parts.length > 0 ? ` ${parts.join(' and ')}` : '';
}
