/**
 * The vector that a phase's sums travel in: one after the other in table order, symmetric ones as their upper triangle; then the gathered
 * rows as tables [N, width], N the rows of all slots of the round. Every slot writes its rows at their ordinals and zeros elsewhere, so
 * that adding the vectors of two slots gathers. Workers pack it, the coordinator reads it.
 */
import { packedSize, packUpper, unpackUpper } from '@geodesic/linalg';
import { sizeOf, type CodedSegment, type SumsCodec } from '@geodesic/tensor';
import type { PhaseProgram, RowsEntry, SumEntry } from './bundle.ts';
import { BundleError } from './errors.ts';
import type { NamedTensors } from './evaluate.ts';

/** The part of a phase that decides its vector of sums. */
export type SumsTable = Pick<PhaseProgram, 'sums' | 'rows' | 'codecLevel'>;

/** Length of a phase's sums without its gathered rows. */
export function sumsLength(entries: readonly SumEntry[]): number {
  return entries.reduce((length, entry) => length + wireSize(entry), 0);
}

/** Length of the vector of a phase's sums and gathered rows. @param rows N, the rows of all slots of the round */
export function programSumsLength({ sums, rows: gathered = [] }: SumsTable, rows: number): number {
  return sumsLength(sums) + rows * widthOf(gathered);
}

/** Packs the outputs `sum:<name>` of a phase's graph into `flat`, from its start. */
export function packSums(entries: readonly SumEntry[], outputs: NamedTensors, flat: Float32Array): void {
  let offset = 0;
  for (const entry of entries) {
    const { data } = outputs[`sum:${entry.name}`];
    if (entry.symmetric) packUpper(data as Float32Array, entry.shape[0], flat, offset);
    else flat.set(data, offset);
    offset += wireSize(entry);
  }
}

/** Whose rows are packed. */
export interface PackedRows {
  /** Ordinal in the step of the first row. */
  readonly firstOrdinal: number;
  /** Index of each row's example, -1 for padding: [B]. */
  readonly examples: Int32Array;
}

/** Packs the outputs `rows:<name>` of a slot at its ordinals into the tables behind the sums of `flat`; padding rows stay as they are. */
export function packRows(
  program: SumsTable,
  outputs: NamedTensors,
  { flat, firstOrdinal, examples }: PackedRows & { flat: Float32Array },
): void {
  for (const { name, width, offset } of tablesOf(program.sums, program.rows, flat.length)) {
    const data = outputs[`rows:${name}`].data as Float32Array;
    for (let row = 0; row < examples.length; row++) {
      if (examples[row] < 0) continue;
      flat.set(data.subarray(row * width, (row + 1) * width), offset + (firstOrdinal + row) * width);
    }
  }
}

/**
 * The sums by name: plain ones as views of `flat`, symmetric ones as full row-major matrices; gathered ones as `rows:<name>`, views
 * [N, width] of `flat`.
 */
export function readSums(entries: readonly SumEntry[], flat: Float32Array, rows: readonly RowsEntry[] = []): Map<string, Float32Array> {
  let offset = 0;
  const sums = entries.map((entry) => {
    const part = flat.subarray(offset, (offset += wireSize(entry)));
    return [entry.name, entry.symmetric ? unpackUpper(part, entry.shape[0]) : part] as const;
  });
  const tables = tablesOf(entries, rows, flat.length).map((table) => {
    return [`rows:${table.name}`, flat.subarray(table.offset, table.offset + table.length)] as const;
  });
  return new Map([...sums, ...tables]);
}

/**
 * What is rounded of a phase's sums, and at which level of the tree; undefined where nothing is.
 * @throws {BundleError} for a codec on a sum that is not symmetric
 */
export function codecOf({ sums, codecLevel: level = 0 }: SumsTable): SumsCodec | undefined {
  const segments: CodedSegment[] = [];
  let offset = 0;
  for (const entry of sums) {
    if (entry.codec !== undefined) {
      if (!entry.symmetric) throw new BundleError(`sum ${entry.name}: codec`, 'a symmetric sum', 'one that is not');
      segments.push({ offset, size: entry.shape[0], kind: entry.codec });
    }
    offset += wireSize(entry);
  }
  return segments.length > 0 ? { level, segments } : undefined;
}

/** Where each table of rows stands in a vector of `length`. */
function tablesOf(
  sums: readonly SumEntry[],
  rows: readonly RowsEntry[] = [],
  length: number,
): readonly (RowsEntry & { readonly offset: number; readonly length: number })[] {
  let offset = sumsLength(sums);
  const count = (length - offset) / Math.max(1, widthOf(rows));
  return rows.map(({ name, width }) => {
    const table = { name, width, offset, length: count * width };
    offset += table.length;
    return table;
  });
}

function widthOf(rows: readonly RowsEntry[]): number {
  return rows.reduce((total, { width }) => total + width, 0);
}

function wireSize({ shape, symmetric }: SumEntry): number {
  return symmetric ? packedSize(shape[0]) : sizeOf(shape);
}
