/**
 * The `data` attribute of a Constant. Short finite lists stay readable numbers; everything else is base64 of little-endian
 * values: bool 1 byte, int32 4 bytes, floats 4 bytes, or 8 where a value is not a float32 (float constants are kept as
 * doubles, so that a graph emitted in float64 loses nothing). The element width follows from the length.
 */
import type { DType } from '@geodesic/tensor';
import type { AttributeValue } from './graph.ts';

const READABLE = 16;

/** Encodes constant values (integers for int32, 0 or 1 for bool). */
export function encodeConstant(dtype: DType, values: ArrayLike<number>): AttributeValue {
  const list = Array.from(values);
  if (list.length <= READABLE && list.every((value) => Number.isFinite(value) && !Object.is(value, -0))) return list;
  const width = dtype === 'bool' ? 1 : dtype === 'int32' || list.every((value) => Object.is(Math.fround(value), value)) ? 4 : 8;
  const bytes = new Uint8Array(width * list.length);
  const view = new DataView(bytes.buffer);
  list.forEach((value, index) => {
    if (width === 1) view.setUint8(index, value);
    else if (dtype === 'int32') view.setInt32(4 * index, value, true);
    else if (width === 4) view.setFloat32(4 * index, value, true);
    else view.setFloat64(8 * index, value, true);
  });
  return toBase64(bytes);
}

/** Decodes constant values of a known size into doubles; undefined when the attribute is not such data. */
export function decodeConstant(dtype: DType, data: AttributeValue | undefined, size: number): Float64Array | undefined {
  if (Array.isArray(data)) {
    return data.length === size && data.every((value) => typeof value === 'number') ? Float64Array.from(data) : undefined;
  }
  if (typeof data !== 'string') return undefined;
  const bytes = fromBase64(data);
  const width = bytes && bytes.length / size;
  if (!bytes || !(width === (dtype === 'bool' ? 1 : 4) || (width === 8 && dtype.startsWith('float')))) return undefined;
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: size }, (_, index) => {
    if (width === 1) return view.getUint8(index);
    if (dtype === 'int32') return view.getInt32(4 * index, true);
    return width === 4 ? view.getFloat32(4 * index, true) : view.getFloat64(8 * index, true);
  });
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
