/**
 * Reads the safetensors format and trusts nothing: the header's length, its JSON, every dtype, shape and range are checked,
 * ranges must follow one another without gap or overlap and cover the file to its last byte.
 * Source: https://github.com/huggingface/safetensors (the published layout and its validation rules).
 */
import { CheckpointError } from './errors.ts';
import { isStoredDType, STORAGE, type StoredDType, type StoredTensor } from './stored-tensor.ts';
import type { Metadata } from './write-safetensors.ts';

/** The content of one file; the tensors' buffers are the caller's own. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Metadata;
}

/** The reference implementation's bound on a header, bytes. */
const MAX_HEADER_BYTES = 100_000_000;

/** One tensor of the header, its range checked on its own. */
interface Entry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Decodes a safetensors file; each tensor is copied once into an aligned array.
 * @throws {CheckpointError} naming `source` and what is wrong
 */
export function decodeSafetensors(bytes: Uint8Array, source = 'safetensors'): SafetensorsFile {
  const refuse: Refuse = (expected, got) => {
    throw new CheckpointError('invalid', { source, expected, got, hint: 'the file is damaged or is not safetensors' });
  };
  const headerBytes = headerLength(bytes, refuse);
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), refuse);
  const body = bytes.subarray(8 + headerBytes);
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => readEntry(name, value, refuse));
  requireCovered(entries, body.length, refuse);
  const tensors = new Map(entries.map((entry) => [entry.name, readTensor(entry, body, refuse)]));
  return { tensors, metadata: readMetadata(header['__metadata__'], refuse) };
}

type Refuse = (expected: string, got: string) => never;

function headerLength(bytes: Uint8Array, refuse: Refuse): number {
  if (bytes.length < 8) return refuse('at least 8 bytes', String(bytes.length));
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) return refuse(`a header of at most ${MAX_HEADER_BYTES} bytes`, String(length));
  if (8 + Number(length) > bytes.length) return refuse(`a header of ${length} bytes`, `a file of ${bytes.length} bytes`);
  return Number(length);
}

function parseHeader(bytes: Uint8Array, refuse: Refuse): Readonly<Record<string, unknown>> {
  if (bytes[0] !== 0x7b) return refuse('a header that begins with {', bytes.length === 0 ? 'an empty header' : `byte ${bytes[0]}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return refuse('a JSON header', (error as Error).message);
  }
  return header as Readonly<Record<string, unknown>>;
}

function readEntry(name: string, value: unknown, refuse: Refuse): Entry {
  if (!isRecord(value)) return refuse(`an object for tensor ${name}`, JSON.stringify(value));
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isStoredDType(dtype)) return refuse(`tensor ${name} of dtype ${Object.keys(STORAGE).join(', ')}`, String(dtype));
  if (!isCounts(shape)) return refuse(`tensor ${name} with a shape of integers >= 0`, JSON.stringify(shape));
  if (!isCounts(offsets) || offsets.length !== 2) return refuse(`tensor ${name} with data_offsets [begin, end]`, JSON.stringify(offsets));
  const [begin, end] = offsets;
  const size = shape.reduce((product, extent) => product * extent, STORAGE[dtype].bytes);
  if (end - begin !== size)
    return refuse(`tensor ${name} of ${dtype}[${shape.join(', ')}] over ${size} bytes`, `the range ${begin}..${end}`);
  return { name, dtype, shape, begin, end };
}

function requireCovered(entries: readonly Entry[], length: number, refuse: Refuse): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      refuse(`tensor ${name} to begin at byte ${covered}`, `byte ${begin}, ${begin < covered ? 'an overlap' : 'a gap'}`);
    covered = end;
  }
  if (covered !== length) refuse(`${covered} bytes of tensors`, `${length} bytes`);
}

function readTensor({ name, dtype, shape, begin, end }: Entry, body: Uint8Array, refuse: Refuse): StoredTensor {
  const bytes = Uint8Array.from(body.subarray(begin, end));
  if (dtype === 'BOOL' && bytes.some((byte) => byte > 1)) refuse(`tensor ${name} of BOOL bytes 0 and 1`, 'another byte');
  return { dtype, shape, data: STORAGE[dtype].wrap(bytes.buffer) };
}

function readMetadata(value: unknown, refuse: Refuse): Metadata {
  if (value === undefined) return {};
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    return refuse('__metadata__ to map text to text', JSON.stringify(value));
  }
  return value as Metadata;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}
