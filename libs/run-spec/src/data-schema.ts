/**
 * The `data` section: its source decides which options there are.
 */
import { z } from 'zod';
import type { DataSpec } from './data-types.ts';
import { integer, number, oneOfInWords, section, text } from './fields.ts';

/** The sources, in the order in which an error lists them. */
export const DATA_SOURCES: readonly DataSpec['source'][] = ['digits', 'curves', 'spiral', 'idx'];

const validation = number({ min: 0, max: 0.5 }).default(0);

const digits = section({ source: z.literal('digits'), validation });

const curves = section({
  source: z.literal('curves'),
  side: integer({ min: 2, max: 256 }).default(14),
  examples: integer({ min: 1, max: 1_000_000 }).default(1000),
  validation,
});

const pair = z.tuple([number({}), number({})], { error: 'a list of two numbers' });

const spiral = section({
  source: z.literal('spiral'),
  arms: integer({ min: 2, max: 16 }).default(3),
  points: integer({ min: 2, max: 1_000_000 }).default(450),
  scale: pair.default([1, 1]),
  shift: pair.default([0, 0]),
  validation,
});

const file = text(/./, 'the path of an IDX file, relative to the folder of the spec');

const idx = section({
  source: z.literal('idx'),
  images: file,
  labels: file,
  testImages: file,
  testLabels: file,
  limit: integer({ min: 1 }).exactOptional(),
  validation,
  digest: text(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits').exactOptional(),
});

/** The `data` section. */
export const dataSchema: z.ZodType<DataSpec> = z.discriminatedUnion('source', [digits, curves, spiral, idx], {
  error: (issue) => (issue.code === 'invalid_union' ? oneOfInWords(DATA_SOURCES) : 'a mapping with a source'),
});
