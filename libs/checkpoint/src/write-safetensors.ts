/**
 * Writes the safetensors format: u64 little-endian header length, JSON header padded with spaces to 8 bytes, then the tensors' bytes.
 * Tensors are stored by descending element size, then by name, so that each is aligned and the bytes depend on the content alone.
 * Source: https://github.com/huggingface/safetensors (the published layout). Hosts are assumed little-endian, as all that Node supports well are.
 */
import { CheckpointError } from './errors.ts';
import { STORAGE, type StoredTensor } from './stored-tensor.ts';

/** Free text beside the tensors, stored under `__metadata__`. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * Encodes named tensors; deterministic. Allocates the whole file once.
 * @throws {CheckpointError} when a tensor's data does not fit its dtype or shape, or its name is `__metadata__`
 */
export function encodeSafetensors(tensors: ReadonlyMap<string, StoredTensor>, metadata: Metadata = {}): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/**
 * The same file in parts, to be written one after the other: its header, then the tensors' own bytes, not copied.
 * @throws {CheckpointError} as {@link encodeSafetensors}
 */
export function safetensorsParts(tensors: ReadonlyMap<string, StoredTensor>, metadata: Metadata = {}): Uint8Array[] {
  const stored = [...tensors].toSorted(inStorageOrder);
  const members: string[] = [];
  if (Object.keys(metadata).length > 0) members.push(`"__metadata__":${encodeMetadata(metadata)}`);
  let end = 0;
  for (const [name, tensor] of stored) {
    requireSound(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] })}`);
  }
  const text = Buffer.from(`{${members.join(',')}}`, 'utf8');
  const padded = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return [header, ...stored.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

function inStorageOrder([nameA, a]: readonly [string, StoredTensor], [nameB, b]: readonly [string, StoredTensor]): number {
  const bySize = STORAGE[b.dtype].bytes - STORAGE[a.dtype].bytes;
  if (bySize !== 0) return bySize;
  return nameA < nameB ? -1 : 1;
}

function encodeMetadata(metadata: Metadata): string {
  const keys = Object.keys(metadata).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`).join(',')}}`;
}

function requireSound(name: string, { dtype, shape, data }: StoredTensor): void {
  const refuse = (expected: string, got: string): never => {
    throw new CheckpointError('invalid', {
      source: `encodeSafetensors: tensor ${name}`,
      expected,
      got,
      hint: 'the caller mixed up its tensors',
    });
  };
  if (name === '__metadata__') refuse('a tensor name', 'the reserved name __metadata__');
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (!STORAGE[dtype].holds(data)) refuse(`an array for ${dtype}`, data.constructor.name);
  if (size !== data.length) refuse(`${size} elements for shape [${shape.join(', ')}]`, String(data.length));
}
